// The lexical grammar of GraphQL documents (October 2021 and later), less the characters that older readers took for
// line ends or blanks: a comment must end in the same place for everybody.
import { bodyLimits } from './body-limits.ts';
import { UnreadableBody } from './body-problem.ts';

export interface Token {
  readonly kind: 'Punctuator' | 'Name' | 'Number' | 'String' | 'End';
  /** Of a punctuator or name, as written. */
  readonly text: string;
}

/** Controls, C1, line and paragraph separator, byte order mark, a CR of its own. */
// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const oddPattern = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff]|\r(?!\n)/;
const ignoredPattern = /(?:[ \t\n\r,]|#[^\n]*)*/y;
const punctuatorPattern = /\.\.\.|[!$&():=@[\]{|}]/y;
const namePattern = /[_A-Za-z][_0-9A-Za-z]*/y;
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9_A-Za-z.])/y;
const plainPattern = /[^"\\\n\r]*/y;
const escapePattern = /\\(?:["\\/bfnrt]|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,16})\})/y;

const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['Name', namePattern],
  ['Punctuator', punctuatorPattern],
  ['Number', numberPattern],
];

/** Throws UnreadableBody; the last token is `End`. */
export function readTokens(source: string): readonly Token[] {
  if (oddPattern.test(source))
    throw new UnreadableBody('BadCharacter', 'The GraphQL document holds a character that servers read differently.');
  const tokens: Token[] = [];
  let at = matchAt(source, ignoredPattern, 0).length;
  while (at < source.length) {
    if (tokens.length >= bodyLimits.maxTokens)
      throw new UnreadableBody('TooManyTokens', `The GraphQL document has more than ${bodyLimits.maxTokens} tokens.`);
    const { token, end } = tokenAt(source, at);
    tokens.push(token);
    at = end + matchAt(source, ignoredPattern, end).length;
  }
  return [...tokens, { kind: 'End', text: '' }];
}

function tokenAt(source: string, at: number): { readonly token: Token; readonly end: number } {
  if (source[at] === '"') {
    const end = source.startsWith('"""', at) ? blockStringEnd(source, at + 3) : stringEnd(source, at + 1);
    return { token: { kind: 'String', text: '' }, end };
  }
  for (const [kind, pattern] of patterns) {
    const text = matchAt(source, pattern, at);
    if (text !== '') return { token: { kind, text }, end: at + text.length };
  }
  throw badDocument(`no token starts at character ${at}`);
}

function stringEnd(source: string, from: number): number {
  let at = from;
  // Only the halves of characters matter: everything else is well formed already.
  let escaped = '';
  for (;;) {
    const plain = matchAt(source, plainPattern, at);
    at += plain.length;
    if (plain !== '') escaped += ' ';
    if (source[at] === '"') break;
    escapePattern.lastIndex = at;
    const escape = escapePattern.exec(source);
    if (escape === null) throw badDocument(`the string at character ${from - 1} does not end, or has a bad escape`);
    escaped += characterOf(escape[1], escape[2]);
    at += escape[0].length;
  }
  if (!escaped.isWellFormed()) throw badDocument('a string holds half a character');
  return at + 1;
}

function characterOf(four: string | undefined, braced: string | undefined): string {
  if (four !== undefined) return String.fromCharCode(Number.parseInt(four, 16));
  if (braced === undefined) return ' ';
  const code = Number.parseInt(braced, 16);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw badDocument('an escape names no character');
  return String.fromCodePoint(code);
}

function blockStringEnd(source: string, from: number): number {
  let at = source.indexOf('"""', from);
  while (at >= 0 && source[at - 1] === '\\') at = source.indexOf('"""', at + 3);
  if (at < 0) throw badDocument('a block string does not end');
  return at + 3;
}

function matchAt(source: string, pattern: RegExp, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? '';
}

export function badDocument(what: string): UnreadableBody {
  return new UnreadableBody('BadDocument', `The GraphQL document cannot be read: ${what}.`);
}
