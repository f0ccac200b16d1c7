// The grammar of executable GraphQL documents. Keeps what decides: operations, fragments and their first level of
// selections; below it everything is checked for its shape and forgotten.
import { bodyLimits } from './body-limits.ts';
import { UnreadableBody } from './body-problem.ts';
import { badDocument, readTokens, type Token } from './graphql-tokens.ts';

export type OperationType = 'Query' | 'Mutation' | 'Subscription';

export type Selection =
  /** The field's real name; an alias changes nothing. */
  | { readonly kind: 'Field'; readonly name: string }
  | { readonly kind: 'Spread'; readonly name: string }
  | { readonly kind: 'Inline'; readonly selections: readonly Selection[] };

export type Definition =
  | {
      readonly kind: 'Operation';
      readonly type: OperationType;
      readonly name?: string;
      readonly selections: readonly Selection[];
    }
  | { readonly kind: 'Fragment'; readonly name: string; readonly selections: readonly Selection[] };

const operationTypes: ReadonlyMap<string, OperationType> = new Map([
  ['query', 'Query'],
  ['mutation', 'Mutation'],
  ['subscription', 'Subscription'],
]);

/** Throws UnreadableBody. */
export function readDocument(source: string): readonly Definition[] {
  return new DocumentReader(readTokens(source)).readDefinitions();
}

class DocumentReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  readDefinitions(): readonly Definition[] {
    const definitions: Definition[] = [];
    do definitions.push(this.#definition());
    while (this.#next.kind !== 'End');
    return definitions;
  }

  #definition(): Definition {
    if (this.#is('{')) return { kind: 'Operation', type: 'Query', selections: this.#selectionSet(0) };
    const keyword = this.#name();
    if (keyword === 'fragment') return this.#fragment();
    const type = operationTypes.get(keyword);
    if (type === undefined) throw badDocument('it defines something other than operations and fragments');
    const name = this.#next.kind === 'Name' ? this.#name() : undefined;
    if (this.#takeIf('(')) this.#oneOrMore(')', () => this.#variableDefinition());
    this.#directives(false);
    const selections = this.#selectionSet(0);
    return { kind: 'Operation', type, ...(name === undefined ? {} : { name }), selections };
  }

  #fragment(): Definition {
    const name = this.#name();
    if (name === 'on' || this.#name() !== 'on') throw badDocument('a fragment has no name or no type');
    this.#name();
    this.#directives(false);
    return { kind: 'Fragment', name, selections: this.#selectionSet(0) };
  }

  #selectionSet(depth: number): readonly Selection[] {
    this.#checkDepth(depth);
    const selections: Selection[] = [];
    this.#take('{');
    this.#oneOrMore('}', () => selections.push(this.#selection(depth)));
    return selections;
  }

  #selection(depth: number): Selection {
    if (this.#takeIf('...')) return this.#spread(depth);
    const aliasOrName = this.#name();
    const name = this.#takeIf(':') ? this.#name() : aliasOrName;
    if (this.#takeIf('(')) this.#arguments(false);
    this.#directives(false);
    if (this.#is('{')) this.#selectionSet(depth + 1);
    return { kind: 'Field', name };
  }

  #spread(depth: number): Selection {
    const isSpread = this.#next.kind === 'Name' && this.#next.text !== 'on';
    if (isSpread) {
      const name = this.#name();
      this.#directives(false);
      return { kind: 'Spread', name };
    }
    if (this.#next.kind === 'Name') {
      this.#name();
      this.#name();
    }
    this.#directives(false);
    return { kind: 'Inline', selections: this.#selectionSet(depth + 1) };
  }

  #variableDefinition(): void {
    this.#variable();
    this.#take(':');
    this.#type(0);
    if (this.#takeIf('=')) this.#value(true, 0);
    this.#directives(true);
  }

  #type(depth: number): void {
    this.#checkDepth(depth);
    if (this.#takeIf('[')) {
      this.#type(depth + 1);
      this.#take(']');
    } else this.#name();
    this.#takeIf('!');
  }

  #directives(isConst: boolean): void {
    while (this.#takeIf('@')) {
      this.#name();
      if (this.#takeIf('(')) this.#arguments(isConst);
    }
  }

  #arguments(isConst: boolean): void {
    this.#oneOrMore(')', () => this.#member(isConst, 0));
  }

  #member(isConst: boolean, depth: number): void {
    this.#name();
    this.#take(':');
    this.#value(isConst, depth);
  }

  #value(isConst: boolean, depth: number): void {
    this.#checkDepth(depth);
    if (this.#is('$') && !isConst) this.#variable();
    else if (this.#takeIf('[')) while (!this.#takeIf(']')) this.#value(isConst, depth + 1);
    else if (this.#takeIf('{')) while (!this.#takeIf('}')) this.#member(isConst, depth + 1);
    else if (this.#next.kind === 'Name' || this.#next.kind === 'Number' || this.#next.kind === 'String') this.#at++;
    else throw badDocument('a value is missing');
  }

  #variable(): void {
    this.#take('$');
    this.#name();
  }

  #oneOrMore(end: string, read: () => void): void {
    do read();
    while (!this.#takeIf(end));
  }

  #name(): string {
    const { kind, text } = this.#next;
    if (kind !== 'Name') throw badDocument('a name is missing');
    this.#at++;
    return text;
  }

  #take(punctuator: string): void {
    if (!this.#takeIf(punctuator)) throw badDocument(`"${punctuator}" is missing`);
  }

  #takeIf(punctuator: string): boolean {
    if (!this.#is(punctuator)) return false;
    this.#at++;
    return true;
  }

  #is(punctuator: string): boolean {
    return this.#next.kind === 'Punctuator' && this.#next.text === punctuator;
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: 'End', text: '' };
  }

  #checkDepth(depth: number): void {
    if (depth >= bodyLimits.maxDepth)
      throw new UnreadableBody('TooDeep', `The GraphQL document nests deeper than ${bodyLimits.maxDepth}.`);
  }
}
