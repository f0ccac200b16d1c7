import { expect, test } from 'vitest';
import { warnOfRequest } from './warn-of-request.ts';

const warningsOf = (host: string, port = 443, path?: string, known: readonly string[] = []) =>
  warnOfRequest(
    {
      host,
      port,
      reason: 'NotListed',
      ...(path === undefined ? {} : { binary: { path, sha256: '0'.repeat(64) } }),
    },
    known,
  );

test.each([
  ['pastebin.com', 'anybody can leave data'],
  ['abc.ngrok.io', 'anybody can leave data'],
  ['dns.google', 'a DNS resolver'],
  ['203.0.113.7', 'an address and not a name'],
  ['2001:db8::1', 'an address and not a name'],
  ['api-github.com', 'looks like github.com'],
  ['api.github.co', 'looks like github.com'],
  ['gihtub.com', 'looks like github.com'],
  ['githuub.com', 'looks like github.com'],
  ['github-login.example.com', undefined],
  ['github.net', 'looks like github.com'],
  ['xn--gthub-cta.com', 'an internationalised name'],
  ['api.github.com', undefined],
  ['github.io', undefined],
  ['python.org', undefined],
  ['google.de', undefined],
  ['abc.duckdns.org', 'points at any address'],
  ['login.example-cdn.top', 'throwaway'],
  ['example.org', undefined],
])('A13 %s: %s', (host, expected) => {
  const warnings = warningsOf(host);
  if (expected === undefined) expect(warnings).toEqual([]);
  else expect(warnings.join('\n')).toContain(expected);
});

test('interpreters and ports that nobody looks into are named', () => {
  expect(warningsOf('a.example', 443, '/usr/bin/python3.12')[0]).toContain('every script');
  expect(warningsOf('a.example', 22)[0]).toContain('SSH');
  expect(warningsOf('a.example', 443, '/usr/bin/curl')).toEqual([]);
});

test('A13 a host that looks like one the sandbox may reach or waits for', () => {
  const known = ['registry.acme.example', 'api.acme.example'];
  expect(warningsOf('registry-acme.example', 443, undefined, known)).toEqual([
    'looks like registry.acme.example and is not',
  ]);
  expect(warningsOf('other.acme.example', 443, undefined, known)).toEqual([]);
});
