import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyAddress, isNeverReachable } from './classify-address.ts';
import { type Ip, parseIp } from './ip.ts';

const ip = (text: string): Ip => {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
};

describe('classifyAddress', () => {
  test.each([
    ['93.184.216.34', 'Public'],
    ['9.255.255.255', 'Public'],
    ['11.0.0.0', 'Public'],
    ['10.0.0.0', 'Private'],
    ['172.15.255.255', 'Public'],
    ['172.31.255.255', 'Private'],
    ['172.32.0.0', 'Public'],
    ['192.168.1.1', 'Private'],
    ['100.64.0.1', 'Cgnat'],
    ['100.128.0.0', 'Public'],
    ['127.255.255.255', 'Loopback'],
    ['0.0.0.0', 'Unspecified'],
    ['169.254.1.1', 'LinkLocal'],
    ['169.254.169.254', 'Metadata'],
    ['168.63.129.16', 'Metadata'],
    ['255.255.255.255', 'Broadcast'],
    ['224.0.0.251', 'Multicast'],
    ['240.0.0.1', 'Reserved'],
    ['192.0.2.1', 'Documentation'],
    ['198.18.0.1', 'Benchmark'],
    ['2606:4700::1', 'Public'],
    ['::', 'Unspecified'],
    ['::1', 'Loopback'],
    ['::ffff:169.254.169.254', 'Metadata'],
    ['64:ff9b::a9fe:a9fe', 'Metadata'],
    ['64:ff9b::5db8:d822', 'Public'],
    ['2002:a9fe:a9fe::', 'Metadata'],
    ['2002:0a00:0001::1', 'Private'],
    ['::a9fe:a9fe', 'Metadata'],
    ['::ffff:0:7f00:1', 'Loopback'],
    ['64:ff9b:1::1', 'Reserved'],
    ['fe80::1', 'LinkLocal'],
    ['fc00::1', 'Ula'],
    ['fd00:ec2::254', 'Metadata'],
    ['100::1', 'Reserved'],
    ['2001:db8::1', 'Documentation'],
    ['2001::1', 'Reserved'],
    ['ff02::1', 'Multicast'],
    ['fec0::1', 'Reserved'],
    ['4000::1', 'Reserved'],
  ])('N20, D08, D10 %s is %s', (text, expected) => expect(classifyAddress(ip(text))).toBe(expected));

  test('D08 wrapping an IPv4 address never makes it more reachable', () => {
    fc.assert(
      fc.property(fc.ipV4(), text => {
        const inner = classifyAddress(ip(text));
        const word = ip(text).words[0] ?? 0;
        const [high, low] = [(word >>> 16).toString(16), (word & 0xffff).toString(16)];
        for (const wrapped of [`::ffff:${text}`, `64:ff9b::${text}`, `2002:${high}:${low}::1`, `::ffff:0:${text}`])
          expect(classifyAddress(ip(wrapped))).toBe(inner);
        if (isNeverReachable(inner)) expect(classifyAddress(ip(`::${high}:${low}`))).not.toBe('Public');
      }),
    );
  });
});
