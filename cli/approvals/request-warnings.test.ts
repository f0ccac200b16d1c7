import { expect, test } from 'vitest';
import { requestWarnings } from './request-warnings.ts';

const warningsOf = (host: string, port = 443, path?: string) =>
  requestWarnings({
    spec: {
      type: 'Egress',
      sandbox: { name: 'a', uid: 'u' },
      egress: {
        host,
        port,
        reason: 'NotListed',
        ...(path === undefined ? {} : { binary: { path, sha256: '0'.repeat(64) } }),
      },
    },
  });

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
