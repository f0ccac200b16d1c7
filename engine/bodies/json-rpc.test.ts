import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJsonRpc } from './json-rpc.ts';
import { readMcp } from './mcp.ts';
import { corpusOf, fuzz } from './testing/fuzz.ts';
import { head, json } from './testing/request.ts';

const call = (method: unknown, more: object = {}) => ({ jsonrpc: '2.0', id: 1, method, ...more });
const rpc = (value: unknown) => readJsonRpc(head(), json(value));

describe('JSON-RPC', () => {
  test('reads calls and notifications, one or a batch', () => {
    expect(rpc(call('eth_call', { params: [1, { a: 2 }] }))).toEqual({ ok: true, calls: [{ method: 'eth_call' }] });
    expect(rpc({ jsonrpc: '2.0', method: 'notify' })).toEqual({ ok: true, calls: [{ method: 'notify' }] });
    expect(rpc([call('a'), call('b')])).toEqual({ ok: true, calls: [{ method: 'a' }, { method: 'b' }] });
  });

  test('lets a member pass that resembles none it reads', () =>
    expect(rpc(call('user.get', { auth: 'x' }))).toEqual({ ok: true, calls: [{ method: 'user.get' }] }));

  test.each([
    ['H36: method twice', '{"jsonrpc":"2.0","method":"a","method":"b"}', 'DuplicateKey'],
    ['H36: method twice, one escaped', '{"jsonrpc":"2.0","method":"a","\\u006dethod":"b"}', 'DuplicateKey'],
    ['H36: Method beside method, which Go takes', call('a', { Method: 'b' }), 'AmbiguousKey'],
    ['H36: METHOD alone', { jsonrpc: '2.0', METHOD: 'b' }, 'AmbiguousKey'],
    ['H36: paramſ, which Go takes', call('a', { paramſ: [] }), 'AmbiguousKey'],
    ['H36: method cut by NUL', call('a', { 'method\0x': 'b' }), 'AmbiguousKey'],
    [
      'P26: __proto__ with a method',
      '{"jsonrpc":"2.0","id":1,"method":"a","__proto__":{"method":"b"}}',
      'AmbiguousKey',
    ],
    ['P26: constructor', call('a', { constructor: {} }), 'AmbiguousKey'],
    ['version 1', { id: 1, method: 'a' }, 'BadVersion'],
    ['version as a number', { jsonrpc: 2, id: 1, method: 'a' }, 'BadVersion'],
    ['a method that is no string', call(['a']), 'BadMethodName'],
    ['an empty method', call(''), 'BadMethodName'],
    ['a method with a space', call('a '), 'BadMethodName'],
    ['a method with NUL', call('a\0b'), 'BadMethodName'],
    ['a method in full-width letters', call('ａ'), 'BadMethodName'],
    ['a long method', call('a'.repeat(257)), 'BadMethodName'],
    ['params that are neither array nor object', call('a', { params: 'x' }), 'BadMember'],
    ['an id that is an object', call('a', { id: {} }), 'BadMember'],
    ['a call that is a response, too', call('a', { result: 1 }), 'BadMember'],
    ['a response', { jsonrpc: '2.0', id: 1, result: null }, 'NotACall'],
    ['H36: a response in a batch', [call('a'), { jsonrpc: '2.0', id: 1, result: null }], 'NotACall'],
    ['an empty batch', [], 'EmptyBatch'],
    ['a long batch', Array.from({ length: 65 }, () => call('a')), 'BatchTooLong'],
    ['a batch in a batch', [[call('a')]], 'NotAnObject'],
    ['a string', '"a"', 'NotAnObject'],
    ['nothing', '', 'NoBody'],
    ['two lines of JSON', `${JSON.stringify(call('a'))}\n${JSON.stringify(call('b'))}`, 'BadJson'],
  ])('H36: refuses %s', (_what, value, problem) => expect(rpc(value)).toMatchObject({ ok: false, problem }));

  test.each([
    ['H41: gzip', { contentEncoding: 'gzip' }, 'EncodedBody'],
    ['H41: gzip, gzip, br', { contentEncoding: 'gzip,gzip,br' }, 'EncodedBody'],
    ['H41: identity with something', { contentEncoding: 'identity, gzip' }, 'EncodedBody'],
    ['H41: an empty encoding', { contentEncoding: '' }, 'EncodedBody'],
    ['H41: x-gzip', { contentEncoding: 'X-GZIP' }, 'EncodedBody'],
    ['another charset', { contentType: 'application/json; charset=utf-16' }, 'ContentType'],
    ['two charsets', { contentType: 'application/json; charset=utf-8; charset=utf-7' }, 'ContentType'],
    ['two types', { contentType: 'application/json, text/plain' }, 'ContentType'],
    ['a form', { contentType: 'application/x-www-form-urlencoded' }, 'ContentType'],
    ['multipart', { contentType: 'multipart/form-data; boundary=application/json' }, 'ContentType'],
    ['a type that ends alike', { contentType: 'x-application/json' }, 'ContentType'],
    ['GET', { method: 'GET' }, 'Method'],
    ['PUT', { method: 'PUT' }, 'Method'],
    ['a method in the query', { target: '/api?method=b' }, 'AmbiguousQuery'],
    ['an overriding method in the query', { target: '/api?_method=PUT' }, 'AmbiguousQuery'],
    ['a method behind a semicolon', { target: '/api?a=1;method=b' }, 'AmbiguousQuery'],
    ['a method as an array of the query', { target: '/api?%6dethod%5b%5d=b' }, 'AmbiguousQuery'],
    ['half an escape in the query', { target: '/api?a=%4' }, 'AmbiguousQuery'],
  ])('refuses %s', (_what, changes, problem) =>
    expect(readJsonRpc(head(changes), json(call('a')))).toMatchObject({ ok: false, problem }),
  );

  test.each([
    { contentEncoding: 'identity' },
    { contentType: 'Application/JSON ; charset="UTF-8"' },
    { target: '/api?key=a%20b&x' },
  ])('reads with %j', changes => expect(readJsonRpc(head(changes), json(call('a'))).ok).toBe(true));

  test('refuses for a type that is absent', () => {
    const { contentType: _, ...untyped } = head();
    expect(readJsonRpc(untyped, json(call('a')))).toMatchObject({ problem: 'ContentType' });
  });
});

const tool = (name: unknown, more: object = {}) =>
  call('tools/call', { params: { name, arguments: { a: 1 }, ...more } });
const mcp = (value: unknown) => readMcp(head(), json(value));

describe('MCP', () => {
  test('reads methods, tools, notifications and responses', () => {
    expect(mcp([tool('search.all_1-x'), call('tools/list'), { jsonrpc: '2.0', id: 's1', result: {} }])).toEqual({
      ok: true,
      calls: [{ method: 'tools/call', tool: 'search.all_1-x' }, { method: 'tools/list' }, { isResponse: true }],
    });
    expect(mcp({ jsonrpc: '2.0', method: 'notifications/initialized' })).toMatchObject({ ok: true });
    expect(mcp({ jsonrpc: '2.0', id: 3, error: { code: 1, message: 'no' } })).toMatchObject({
      calls: [{ isResponse: true }],
    });
  });

  test('a call of a tool as a notification is one of that tool', () =>
    expect(mcp({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'drop' } })).toMatchObject({
      calls: [{ tool: 'drop' }],
    }));

  test.each(['GET', 'DELETE'])('%s calls nothing, and may not carry anything', method => {
    expect(readMcp(head({ method }), undefined)).toEqual({ ok: true, calls: [] });
    expect(readMcp(head({ method }), Buffer.alloc(0))).toEqual({ ok: true, calls: [] });
    expect(readMcp(head({ method }), json(tool('x')))).toMatchObject({ problem: 'UnexpectedBody' });
  });

  test.each([
    ['name twice', '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","n\\u0061me":"b"}}', 'DuplicateKey'],
    ['Name beside name', tool('a', { Name: 'b' }), 'AmbiguousKey'],
    [
      'P26: __proto__ in params',
      '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","__proto__":{"name":"b"}}}',
      'AmbiguousKey',
    ],
    ['a member JSON-RPC does not know', call('tools/list', { tool: 'x' }), 'UnknownMember'],
    ['a tool that is no string', tool(1), 'BadToolName'],
    ['no tool', call('tools/call', { params: {} }), 'BadToolName'],
    ['a tool with a slash', tool('a/b'), 'BadToolName'],
    ['a tool with a star', tool('*'), 'BadToolName'],
    ['a tool with a newline at its end', tool('a\n'), 'BadToolName'],
    ['a tool of 129 letters', tool('a'.repeat(129)), 'BadToolName'],
    ['a tool in Cyrillic', tool('sеarch'), 'BadToolName'],
    ['params as an array', call('tools/call', { params: ['a'] }), 'NotAnObject'],
    ['no params', call('tools/call'), 'NotAnObject'],
    ['a response with params', { jsonrpc: '2.0', id: 1, result: {}, params: {} }, 'BadMember'],
    ['a response without id', { jsonrpc: '2.0', result: {} }, 'BadMember'],
    ['result and error', { jsonrpc: '2.0', id: 1, result: {}, error: {} }, 'BadMember'],
    ['neither', { jsonrpc: '2.0', id: 1 }, 'BadMember'],
  ])('H36: refuses %s', (_what, value, problem) => expect(mcp(value)).toMatchObject({ ok: false, problem }));
});

/** The most forgiving server: the last member of a name in any case, anything missing forgiven. */
function lenientCalls(text: string): readonly string[] {
  const parsed: unknown = JSON.parse(text);
  return [parsed].flat().map(message => {
    const method = anyCase(message, 'method');
    const name = method === 'tools/call' ? anyCase(anyCase(message, 'params'), 'name') : '';
    return `${String(method)} ${String(name)}`;
  });
}

function anyCase(value: unknown, wanted: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).findLast(([name]) => name.toLowerCase() === wanted)?.[1];
}

function checkAgainstLenient(bytes: Buffer): void {
  const read = readMcp(head(), bytes);
  if (!read.ok) {
    expect(read.detail).not.toBe('');
    return;
  }
  const seen = read.calls.map(({ method, tool: name }) => `${String(method)} ${name ?? ''}`);
  expect(seen).toEqual(lenientCalls(bytes.toString()));
  const plain = readJsonRpc(head(), bytes);
  if (plain.ok) expect(plain.calls.map(each => each.method)).toEqual(read.calls.map(each => each.method));
}

describe('JSON-RPC and MCP against a server that forgives everything', () => {
  test('H36: what is read is what it would call', () => {
    const name = fc.constantFrom('method', 'Method', 'params', 'PARAMS', 'id', 'jsonrpc', 'x', 'result', 'name');
    const value = fc.oneof(
      fc.constantFrom<unknown>('2.0', 'tools/call', 'tools/list', 'a', 1, null, {}, []),
      fc.record({ name: fc.string(), Name: fc.string() }, { requiredKeys: [] }),
    );
    const message = fc
      .array(fc.tuple(name, value), { maxLength: 4 })
      .map(entries => Object.fromEntries([['jsonrpc', '2.0'], ['method', 'tools/call'], ...entries]));
    fc.assert(
      fc.property(fc.oneof(message, fc.array(message, { maxLength: 3 })), body => checkAgainstLenient(json(body))),
      { numRuns: 2000 },
    );
  }, 60_000);

  test('H36: so it is for mutations of real ones', () => {
    const tokens = [
      '"method":',
      '"Method":"x",',
      '"params":',
      '"name":"x",',
      '"tools/call"',
      '[',
      ']',
      '{',
      '}',
      ',',
      '\\u0061',
    ];
    fuzz('MCP', corpusOf('json-rpc'), tokens, checkAgainstLenient);
  }, 60_000);
});
