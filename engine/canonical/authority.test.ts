import { expect, test } from 'vitest';
import { parseAuthority, parsePort } from './authority.ts';
import { hostText } from './host.ts';

test.each([
  ['Example.com', 'example.com', undefined],
  ['example.com:8443', 'example.com', 8443],
  ['[2001:DB8::1]:443', '2001:db8::1', 443],
  ['[::ffff:10.0.0.1]', '10.0.0.1', undefined],
  ['10.0.0.1:80', '10.0.0.1', 80],
])('%s is %s port %s', (text, host, port) => {
  const parsed = parseAuthority(text);
  expect(parsed.ok && [hostText(parsed.host), parsed.port]).toEqual([host, port]);
});

test.each([
  'good.com@evil.com',
  'good.com:443@evil:443',
  'a:0443',
  'a:+443',
  'a:443 ',
  'a:65979',
  'a:',
  'a:0',
  'a:443:80',
  'a:４４３',
  '::1',
  '[1.2.3.4]',
  '[a.com]',
  '[fe80::1%25eth0]',
  '[::1]x',
  'a b',
  '',
  ':80',
  'a\n.com',
])('P10, P13, P22 %j is refused', text => expect(parseAuthority(text).ok).toBe(false));

test('P13 ports wrap nowhere', () => {
  expect(parsePort('65535')).toBe(65_535);
  expect(parsePort('65536')).toBeUndefined();
});
