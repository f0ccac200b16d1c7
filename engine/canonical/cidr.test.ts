import { BlockList } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cidrContains, cidrsOverlap, formatCidr, parseCidr } from './cidr.ts';
import { formatIp, parseIp } from './ip.ts';

describe('parseCidr', () => {
  test.each(['10.0.0.0/8', '0.0.0.0/0', '203.0.113.7/32', '2001:db8::/32', '::/0'])('%s is a block', text => {
    const parsed = parseCidr(text);
    expect(parsed.ok && formatCidr(parsed.cidr)).toBe(text);
  });
  test.each([
    ['10.0.0.1/8', 'HostBitsSet'],
    ['10.0.0.0', 'BadPrefix'],
    ['10.0.0.0/33', 'BadPrefix'],
    ['10.0.0.0/08', 'BadPrefix'],
    ['10.0.0.0/-1', 'BadPrefix'],
    ['10.0.0.0/8/8', 'BadPrefix'],
    ['010.0.0.0/8', 'NotAnAddress'],
    ['::ffff:127.0.0.0/104', 'BadPrefix'],
    ['2001:db8::/129', 'BadPrefix'],
    ['example.com/8', 'NotAnAddress'],
  ])('%s is refused: %s', (text, problem) => expect(parseCidr(text)).toEqual({ ok: false, problem }));
});

test('containment agrees with node', () => {
  const blocks = fc.tuple(fc.constantFrom('10.0.0.0/8', '192.168.4.0/22', '1.2.3.4/32', '0.0.0.0/0'), fc.ipV4());
  const blocks6 = fc.tuple(fc.constantFrom('2001:db8::/32', 'fe80::/10', '::/0', '1:2:3:4:8::/77'), fc.ipV6());
  fc.assert(
    fc.property(fc.oneof(blocks, blocks6), ([block, address]) => {
      const parsed = parseCidr(block);
      const ip = parseIp(address);
      if (!parsed.ok || ip === undefined) throw new Error(block);
      const { base, prefix } = parsed.cidr;
      const list = new BlockList();
      list.addSubnet(formatIp(base), prefix, base.family === 4 ? 'ipv4' : 'ipv6');
      if (ip.family === base.family)
        expect(cidrContains(parsed.cidr, ip)).toBe(list.check(formatIp(ip), ip.family === 4 ? 'ipv4' : 'ipv6'));
      else expect(cidrContains(parsed.cidr, ip)).toBe(false);
    }),
  );
});

test.each([
  ['28.64.0.0/14', '28.66.1.0/24', true],
  ['28.66.1.0/24', '28.64.0.0/14', true],
  ['28.64.0.0/14', '28.68.0.0/16', false],
  ['0.0.0.0/0', '::/0', false],
])('%s and %s overlap: %s', (a, b, expected) => {
  const [left, right] = [parseCidr(a), parseCidr(b)];
  expect(left.ok && right.ok && cidrsOverlap(left.cidr, right.cidr)).toBe(expected);
});
