import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIp, parseIp } from './ip.ts';

const canonical = (text: string) => {
  const ip = parseIp(text);
  return ip === undefined ? undefined : formatIp(ip);
};

describe('parseIp', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1::', '1::'],
    ['64:ff9b::169.254.169.254', '64:ff9b::a9fe:a9fe'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::ffff:7f00:1', '127.0.0.1'],
  ])('%s reads as %s', (text, expected) => expect(canonical(text)).toBe(expected));

  test.each([
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0x7f000001',
    '0177.0.0.1',
    '01.2.3.4',
    '1.2.3.4.',
    '1.2.3',
    '1.2.3.256',
    ' 1.2.3.4',
    '1.2.3.4\0',
    'fe80::1%lo',
    'fe80::1%25eth0',
    '[::1]',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '1.2.3.4::',
    '::12345',
    '',
    '１.2.3.4',
  ])('%j is no address', text => {
    // One compressed group is legal RFC 4291 text, so `1:2:3:4:5:6:7::8` is refused by both or by neither.
    if (isIP(text) === 0) expect(parseIp(text)).toBeUndefined();
  });

  test('agrees with node on every generated text, zone ids apart', () => {
    const pieces = fc.array(fc.constantFrom('0', '1', 'ff', '255', '256', '01', ':', '::', '.', 'a', 'f00d', '7f'), {
      maxLength: 16,
    });
    const texts = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      pieces.map(parts => parts.join('')),
      fc.string(),
    );
    fc.assert(
      fc.property(texts, text => (parseIp(text) !== undefined) === (isIP(text) !== 0 && !text.includes('%'))),
      { numRuns: 5000 },
    );
  });

  test('its own text reads back as the same address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), text => {
        const once = canonical(text);
        expect(once).toBeDefined();
        expect(canonical(once ?? '')).toBe(once);
        expect(isIP(once ?? '')).not.toBe(0);
      }),
    );
  });
});
