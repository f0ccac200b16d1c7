// What a GraphQL document would do: its operations with the root fields they reach, through fragments.
import { bodyLimits } from './body-limits.ts';
import { UnreadableBody } from './body-problem.ts';
import { type Definition, type OperationType, readDocument, type Selection } from './graphql-document.ts';

export interface GraphQlOperation {
  readonly type: OperationType;
  readonly name?: string;
  /** Real names of root fields, each once; @skip and @include are taken to include. */
  readonly fields: readonly string[];
}

type Operation = Extract<Definition, { kind: 'Operation' }>;
type Fragments = ReadonlyMap<string, readonly Selection[]>;

/** Every operation of the document, for a server might take another than the one named; throws UnreadableBody. */
export function readOperations(source: string, operationName: string | undefined): readonly GraphQlOperation[] {
  const definitions = readDocument(source);
  const operations = definitions.filter(each => each.kind === 'Operation');
  const fragments = new Map<string, readonly Selection[]>();
  for (const definition of definitions) {
    if (definition.kind !== 'Fragment') continue;
    if (fragments.has(definition.name)) throw new UnreadableBody('DuplicateName', 'Two fragments have the same name.');
    fragments.set(definition.name, definition.selections);
  }
  checkNames(operations, operationName);
  return operations.map(({ type, name, selections }) => ({
    type,
    ...(name === undefined ? {} : { name }),
    fields: rootFields(selections, fragments),
  }));
}

function checkNames(operations: readonly Operation[], selected: string | undefined): void {
  const names = operations.map(({ name }) => name);
  if (new Set(names).size < names.length)
    throw new UnreadableBody('DuplicateName', 'Two operations have the same name, or none.');
  if (names.length > 1 && names.includes(undefined))
    throw new UnreadableBody('DuplicateName', 'An operation without a name stands beside others.');
  if (selected === undefined ? names.length !== 1 : !names.includes(selected))
    throw new UnreadableBody('UnknownOperation', 'operationName must name one operation of the document.');
}

function rootFields(selections: readonly Selection[], fragments: Fragments): readonly string[] {
  const fields = new Set<string>();
  const done = new Set<string>();
  const open = new Set<string>();
  let count = 0;
  const visit = (selection: Selection): void => {
    if (selection.kind === 'Inline') return selection.selections.forEach(visit);
    if (selection.kind === 'Spread') return visitFragment(selection.name);
    fields.add(selection.name);
    count++;
    if (count > bodyLimits.maxRootFields)
      throw new UnreadableBody('TooManyFields', `An operation has more than ${bodyLimits.maxRootFields} root fields.`);
  };
  const visitFragment = (name: string): void => {
    const spread = fragments.get(name);
    if (spread === undefined) throw new UnreadableBody('UnknownFragment', 'A fragment is spread that nobody defines.');
    if (open.has(name)) throw new UnreadableBody('FragmentCycle', 'A fragment spreads itself.');
    // A second spread adds no field that the first did not.
    if (done.has(name)) return;
    open.add(name);
    spread.forEach(visit);
    open.delete(name);
    done.add(name);
  };
  selections.forEach(visit);
  return [...fields];
}
