import { anything, assert, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeUntrusted, parseUpFrame } from './parse-up-frame.ts';

const denial = {
  type: 'denial',
  id: 1,
  host: 'api.example.com',
  port: 443,
  binary: { path: '/usr/bin/curl', sha256: 'a'.repeat(64), ancestors: ['/bin/sh'] },
  reason: 'NotListed',
  hits: 3,
  sample: 'CONNECT api.example.com:443',
};

test('a denial is taken as it came', () => {
  expect(parseUpFrame(JSON.stringify(denial))).toEqual({ ok: true, frame: denial });
});

test.each([
  ['IPv4 address', '203.0.113.7'],
  ['IPv6 address', '2001:db8::1'],
  ['name with an underscore', '_srv.example.com'],
  ['A-label', 'xn--bcher-kva.example'],
])('a host may be an %s', (_what, host) => {
  expect(parseUpFrame(JSON.stringify({ ...denial, host })).ok).toBe(true);
});

describe('a hostile sidecar gets nowhere with', () => {
  test.each<[string, object]>([
    ['a host in upper case', { host: 'API.example.com' }],
    ['a host with a line break', { host: 'a.example\nb.example' }],
    ['a host with a bidi mark', { host: 'a\u202e.example' }],
    ['a host with a trailing dot', { host: 'a.example.' }],
    ['an overlong host', { host: 'a'.repeat(254) }],
    ['port 0', { port: 0 }],
    ['port 65979', { port: 65_979 }],
    ['fewer than no hits', { hits: -1 }],
    ['a hash of another length', { binary: { ...denial.binary, sha256: 'ab' } }],
    ['a binary path with an escape sequence', { binary: { ...denial.binary, path: '/bin/\u001b[2K' } }],
    ['a relative binary path', { binary: { ...denial.binary, path: 'bin/sh' } }],
    ['a further field of the binary', { binary: { ...denial.binary, phase: 'Approved' } }],
    ['an overlong sample', { sample: 'x'.repeat(5000) }],
    ['another reason', { reason: 'Approved' }],
  ])('%s', (_what, change) => {
    expect(parseUpFrame(JSON.stringify({ ...denial, ...change })).ok).toBe(false);
  });
});

test('untrusted text is escaped when it enters, not where it is shown', () => {
  const parsed = parseUpFrame(JSON.stringify({ ...denial, sample: 'GET /\u001b[2K\r\u202e' }));
  expect(parsed).toMatchObject({ frame: { sample: String.raw`GET /\u{1b}[2K\u{d}\u{202e}` } });
});

test('a frame type of a newer sidecar is skipped', () => {
  expect(parseUpFrame('{"type":"trace"}')).toEqual({ ok: 'unknown', type: 'trace' });
});

test('nothing makes the parser throw, and escaped text is printable ASCII', () => {
  assert(
    property(string(), line => {
      expect(parseUpFrame(line).ok).not.toBe(true);
    }),
  );
  assert(property(anything(), value => void parseUpFrame(JSON.stringify(value) ?? '')));
  assert(
    property(string({ unit: 'binary' }), text => {
      expect(escapeUntrusted(text)).toMatch(/^[\x20-\x7e]*$/);
    }),
  );
});
