import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestHead } from '../decide/request-decision.ts';
import { orRefusal } from './body-problem.ts';
import { readGraphQl } from './graphql.ts';
import { readOperations } from './graphql-operations.ts';
import { cpuMs } from './testing/cpu-time.ts';
import { corpusOf, fuzz } from './testing/fuzz.ts';
import { graphqlDocument } from './testing/graphql-arbitrary.ts';
import { isBeyondExecution, referenceDocument, referenceOperations } from './testing/graphql-reference.ts';
import { head, json } from './testing/request.ts';

const post = (value: unknown, changes: Partial<RequestHead> = {}) => readGraphQl(head(changes), json(value));
const get = (query: string) => readGraphQl(head({ method: 'GET', target: `/graphql?${query}` }), undefined);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: unknown, more = {}) => ({ persistedQuery: { version: 1, sha256Hash, ...more } });
const viewer = { ok: true, operations: [{ type: 'Query', fields: ['viewer'] }] };

describe('GraphQL documents', () => {
  test.each([
    ['{viewer}', [{ type: 'Query', fields: ['viewer'] }]],
    ['query Q($a: [ID!]! = ["x"]) @d(a: 1) {a b(x: $a) {c}}', [{ type: 'Query', name: 'Q', fields: ['a', 'b'] }]],
    ['H36: mutation { viewer: deleteRepo }', [{ type: 'Mutation', fields: ['deleteRepo'] }]],
    [
      'mutation{a ...F ...on M{b} ... @include(if:$x){c}} fragment F on M{d ...G} fragment G on M{e}',
      [{ type: 'Mutation', fields: ['a', 'd', 'e', 'b', 'c'] }],
    ],
    ['subscription S{x @skip(if:true)}', [{ type: 'Subscription', name: 'S', fields: ['x'] }]],
    ['{query:mutation fragment:on}', [{ type: 'Query', fields: ['mutation', 'on'] }]],
    ['{a(s:"}mutation{b}", t:"""}"mutation{b} \\""" {""", u:"\\"}")}', [{ type: 'Query', fields: ['a'] }]],
    ['#{b}\n{a,,,#}\n}', [{ type: 'Query', fields: ['a'] }]],
    ['{a(x:[1,-2.5e3,true,null,E,{y:$z},[],{}])}', [{ type: 'Query', fields: ['a'] }]],
    ['{__proto__ constructor toString}', [{ type: 'Query', fields: ['__proto__', 'constructor', 'toString'] }]],
  ])('%s', (source, operations) =>
    expect(post({ query: source.replace(/^H36: /, '') })).toEqual({ ok: true, operations }),
  );

  test('P26: fragments and operations may be called like prototypes', () => {
    const query = 'query constructor{...__proto__} fragment __proto__ on toString{x}';
    expect(post({ query })).toMatchObject({ operations: [{ name: 'constructor', fields: ['x'] }] });
    expect(post({ query: '{...toString}' })).toMatchObject({ problem: 'UnknownFragment' });
    expect(post({ query: '{a}', operationName: 'toString' })).toMatchObject({ problem: 'UnknownOperation' });
  });

  test.each([
    ['nothing', '', 'BadDocument'],
    ['fragments only', 'fragment F on Q{a}', 'UnknownOperation'],
    ['an empty selection', '{}', 'BadDocument'],
    ['empty arguments', '{a()}', 'BadDocument'],
    ['a type', 'type Q{a:Int} query{a}', 'BadDocument'],
    ['a description', '"""d""" query{a}', 'BadDocument'],
    ['an upper-case keyword', 'Mutation{a}', 'BadDocument'],
    ['a variable in a default', 'query($a:Int=$b){a}', 'BadDocument'],
    ['a fragment called on', 'fragment on on Q{a} {a}', 'BadDocument'],
    ['a spread without braces', '{...on}', 'BadDocument'],
    ['a number that runs into a name', '{a(x:1b:2)}', 'BadDocument'],
    ['a leading zero', '{a(x:01)}', 'BadDocument'],
    ['an open string', '{a(x:"b)}', 'BadDocument'],
    ['an open block string', '{a(x:"""b)}', 'BadDocument'],
    ['a string across lines', '{a(x:"b\nc")}', 'BadDocument'],
    ['an unknown escape', '{a(x:"\\x41")}', 'BadDocument'],
    ['an escape for no character', '{a(x:"\\u{D800}")}', 'BadDocument'],
    ['half a character', '{a(x:"\\uD83D")}', 'BadDocument'],
    ['two dots', '{..F}', 'BadDocument'],
    ['a CR of its own, which ends a comment for some', '{a#\rb\n}', 'BadCharacter'],
    ['a line separator, which ended comments in 2015', '{a#\u2028b\n}', 'BadCharacter'],
    ['a byte order mark', '\ufeff{a}', 'BadCharacter'],
    ['NUL', '{a}\0', 'BadCharacter'],
    ['a form feed', '{a\fb}', 'BadCharacter'],
    ['H36: two operations of a name', 'query A{a} mutation A{b}', 'DuplicateName'],
    ['H36: two without a name', '{a} {b}', 'DuplicateName'],
    ['H36: one without a name beside another', 'query A{a} mutation{b}', 'DuplicateName'],
    ['H36: two fragments of a name', '{...F} fragment F on Q{a} fragment F on Q{b}', 'DuplicateName'],
    ['H36: two operations and no name given', 'query A{a} mutation B{b}', 'UnknownOperation'],
    ['an unknown fragment', '{...F}', 'UnknownFragment'],
    ['a fragment in itself', '{...F} fragment F on Q{...G} fragment G on Q{... on Q{...F}}', 'FragmentCycle'],
    ['H36: 257 aliases', `{${Array.from({ length: 257 }, (_, index) => `a${index}:x`).join(' ')}}`, 'TooManyFields'],
    ['8193 tokens', `{${'a '.repeat(8193)}}`, 'TooManyTokens'],
    ['65 selections in one another', `${'{a'.repeat(65)}${'}'.repeat(65)}`, 'TooDeep'],
    ['65 lists in one another', `{a(x:${'['.repeat(65)}${']'.repeat(65)})}`, 'TooDeep'],
    ['65 list types in one another', `query($x:${'['.repeat(65)}A${']'.repeat(65)}){a}`, 'TooDeep'],
  ])('with %s is refused', (_what, query, problem) => expect(post({ query })).toMatchObject({ ok: false, problem }));

  test('reads 64 selections in one another, and a chain of a thousand fragments', () => {
    expect(post({ query: `${'{a'.repeat(64)}${'}'.repeat(64)}` }).ok).toBe(true);
    const chain = Array.from({ length: 1000 }, (_, index) => `fragment F${index} on Q{...F${index + 1}}`);
    const query = ['{...F0}', ...chain, 'fragment F1000 on Q{deep}'].join('');
    expect(post({ query })).toEqual({ ok: true, operations: [{ type: 'Query', fields: ['deep'] }] });
  });

  test('R10: fragments that double each other are counted once, in no time', () => {
    const doubling = Array.from(
      { length: 60 },
      (_, index) => `fragment F${index} on Q{...F${index + 1} ...F${index + 1}}`,
    );
    const query = ['{...F0}', ...doubling, 'fragment F60 on Q{x}'].join('');
    expect(post({ query })).toMatchObject({ ok: true });
    expect(cpuMs(() => post({ query }))).toBeLessThan(100);
  });

  test.each(['"', '"""', '#', '{', '1', '-', '(', '"\\u{', '\\', '[', ' '])('R10: 64 KiB of %s take no time', piece => {
    const query = `{a(x:${piece.repeat(65_536 / piece.length)}`;
    expect(cpuMs(() => post({ query }))).toBeLessThan(200);
  });
});

describe('GraphQL requests', () => {
  const two = 'query A{viewer} mutation B{drop}';

  test('H36: every operation of the document counts, not only the named one', () =>
    expect(post({ query: two, operationName: 'A' })).toMatchObject({
      operations: [{ fields: ['viewer'] }, { type: 'Mutation', fields: ['drop'] }],
    }));

  test('H36: every request of a batch counts', () =>
    expect(post([{ query: '{viewer}' }, { query: 'mutation{drop}' }])).toMatchObject({
      operations: [{ fields: ['viewer'] }, { type: 'Mutation', fields: ['drop'] }],
    }));

  test('by GET and by POST', () => {
    expect(get('query=%7Bviewer%7D&variables=%7B%7D&operationName=')).toEqual(viewer);
    expect(get('query={viewer}&apikey=1')).toEqual(viewer);
    expect(get('query=query+Q{viewer}&operationName=Q')).toMatchObject({ ok: true });
    expect(post({ query: '{viewer}', variables: null, operationName: null, extensions: null })).toEqual(viewer);
    expect(post([{ query: '{viewer}' }])).toEqual(viewer);
  });

  test('a persisted query is its hash, unless its text is there', () => {
    const hash = sha256('{viewer}');
    expect(post({ extensions: persisted(hash) })).toEqual({ ok: true, operations: [], persistedHash: hash });
    expect(get(`extensions=${encodeURIComponent(JSON.stringify(persisted(hash)))}`)).toMatchObject({
      persistedHash: hash,
    });
    expect(post({ query: '{viewer}', extensions: persisted(hash) })).toEqual(viewer);
    expect(post({ query: '{viewer}', extensions: { tracing: {} } })).toEqual(viewer);
  });

  test.each([
    ['no query', {}, 'BadMember'],
    ['query null', { query: null }, 'BadMember'],
    ['a query that is no string', { query: ['{a}'] }, 'BadMember'],
    ['an operation name nobody defines', { query: '{a}', operationName: 'B' }, 'UnknownOperation'],
    ['an empty operation name for two', { query: two, operationName: '' }, 'UnknownOperation'],
    ['variables as text', { query: '{a}', variables: '{}' }, 'BadMember'],
    ['query twice', '{"query":"{a}","qu\\u0065ry":"{b}"}', 'DuplicateKey'],
    ['Query beside query', { query: '{a}', Query: '{b}' }, 'AmbiguousKey'],
    ['operation_name', { query: two, operation_name: 'B' }, 'AmbiguousKey'],
    ['P26: __proto__', '{"query":"{a}","__proto__":{"query":"{b}"}}', 'AmbiguousKey'],
    ['a reference beside the query', { query: '{a}', documentId: 'x' }, 'UnknownMember'],
    ['a reference in place of the query', { id: 'x' }, 'UnknownMember'],
    ['an empty batch', [], 'EmptyBatch'],
    ['a batch of 65', Array.from({ length: 65 }, () => ({ query: '{a}' })), 'BatchTooLong'],
    ['a persisted query in a batch', [{ query: '{a}' }, { extensions: persisted(sha256('')) }], 'PersistedInBatch'],
    ['a hash of another text', { query: '{a}', extensions: persisted(sha256('{b}')) }, 'HashMismatch'],
    ['a hash in upper case', { extensions: persisted(sha256('x').toUpperCase()) }, 'BadMember'],
    ['a hash that is none', { extensions: persisted('x') }, 'BadMember'],
    ['a second hash', { extensions: persisted(sha256('x'), { sha256hash: sha256('y') }) }, 'AmbiguousKey'],
    ['a second persistedQuery', { query: '{a}', extensions: { PersistedQuery: {} } }, 'AmbiguousKey'],
    ['more in persistedQuery', { extensions: persisted(sha256('x'), { id: 1 }) }, 'UnknownMember'],
    ['a string', '"{a}"', 'NotAnObject'],
    ['the text alone', '{a}', 'BadJson'],
  ])('H36: with %s are refused', (_what, body, problem) => expect(post(body)).toMatchObject({ ok: false, problem }));

  test.each([
    ['application/graphql', { contentType: 'application/graphql' }, 'ContentType'],
    ['multipart', { contentType: 'multipart/form-data; boundary=x' }, 'ContentType'],
    ['H41: gzip', { contentEncoding: 'gzip,gzip,br' }, 'EncodedBody'],
    ['a query in the target, which express takes first', { target: '/graphql?query={b}' }, 'AmbiguousQuery'],
    ['a Query in the target', { target: '/graphql?QUERY={b}' }, 'AmbiguousQuery'],
    ['a document id in the target', { target: '/graphql?doc_id=1' }, 'AmbiguousQuery'],
    ['PUT', { method: 'PUT' }, 'Method'],
  ])('by POST with %s are refused', (_what, changes, problem) =>
    expect(post({ query: '{a}' }, changes)).toMatchObject({ ok: false, problem }),
  );

  test.each([
    ['query twice', 'query={a}&query={b}', 'AmbiguousQuery'],
    ['query twice, one escaped', 'query={a}&%71uery={b}', 'AmbiguousQuery'],
    ['a query behind a semicolon', 'query={a};query={b}', 'AmbiguousQuery'],
    ['a query as an array', 'query={a}&query[]={b}', 'AmbiguousQuery'],
    ['a query in another case', 'query={a}&Query={b}', 'AmbiguousQuery'],
    ['a blank before a query', 'query={a}&%20query={b}', 'AmbiguousQuery'],
    ['NUL behind a query', 'query={a}&query%00={b}', 'AmbiguousQuery'],
    ['a query escaped twice', 'query={a(x:"%2522)b(y:%2522")}', 'AmbiguousQuery'],
    ['a name escaped twice', 'query={a}&%2571uery={b}', 'AmbiguousQuery'],
    ['an overlong escape', 'query={a}&x=%c0%af', 'AmbiguousQuery'],
    ['no query', '', 'BadMember'],
    ['extensions that are no JSON', 'query={a}&extensions={', 'BadJson'],
    ['extensions twice the same', 'extensions={"persistedQuery":{},"persistedQuery":{}}', 'DuplicateKey'],
  ])('by GET with %s are refused', (_what, query, problem) => expect(get(query)).toMatchObject({ problem }));

  test('by GET with a body are refused', () =>
    expect(readGraphQl(head({ method: 'GET', target: '/?query={a}' }), json({ query: '{b}' }))).toMatchObject({
      problem: 'UnexpectedBody',
    }));
});

/** Read: graphql-js reads the same. Refused: graphql-js refuses too, or the named reason is true. */
function checkAgainstReference(source: string): void {
  const named = /\b(?:query|mutation|subscription)\b\s*([A-Za-z]\w*)/.exec(source)?.[1];
  const reads = [named, undefined].map(name => orRefusal(() => readOperations(source, name)));
  const document = referenceDocument(source);
  for (const read of reads) {
    if ('ok' in read) {
      if (document === undefined || read.problem !== 'BadDocument') continue;
      expect(isBeyondExecution(document), `${read.detail}\n${source}`).toBe(true);
      continue;
    }
    expect(document, source).toBeDefined();
    if (document !== undefined) expect(read).toEqual(referenceOperations(document));
  }
}

describe('GraphQL against graphql-js', () => {
  test('H36: what is read of a document is what graphql-js would run', () => {
    let read = 0;
    fc.assert(
      fc.property(graphqlDocument(), source => {
        checkAgainstReference(source);
        if (!('ok' in orRefusal(() => readOperations(source, undefined)))) read++;
      }),
      { numRuns: 3000 },
    );
    // A property over refusals alone would prove nothing.
    expect(read).toBeGreaterThan(300);
  }, 60_000);

  test('H36: so it is for mutations of real ones', () => {
    const tokens = [
      '{',
      '}',
      '...',
      ' on ',
      'fragment ',
      '"""',
      '"',
      '\\',
      '#',
      '\n',
      '\r',
      '(',
      ')',
      ':',
      '$',
      '@',
      '\\u{61}',
      'mutation{x}',
    ];
    fuzz('GraphQL', corpusOf('graphql'), tokens, bytes => checkAgainstReference(bytes.toString()));
  }, 60_000);
});
