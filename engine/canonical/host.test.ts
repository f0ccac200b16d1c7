import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostText, parseHost } from './host.ts';

describe('parseHost', () => {
  test.each([
    ['EXAMPLE.Com', 'example.com'],
    ['example.com.', 'example.com'],
    ['aLloWed.ExAmple', 'allowed.example'],
    ['r3---sn-abc.googlevideo.com', 'r3---sn-abc.googlevideo.com'],
    ['localhost', 'localhost'],
    ['faß.de', 'xn--fa-hia.de'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['constructor', 'constructor'],
  ])('P03, P04, P05, D15, D20 %s is %s', (text, expected) => {
    const host = parseHost(text);
    expect(host.kind === 'invalid' ? host.problem : hostText(host)).toBe(expected);
  });

  test.each([
    ['', 'Empty'],
    ['.', 'Empty'],
    ['example.com..', 'EmptyLabel'],
    ['.example.com', 'EmptyLabel'],
    ['a..b', 'EmptyLabel'],
    ['evil。good.com', 'BadIdna'],
    ['ex\u00adample.com', 'BadIdna'],
    ['a\u200db.com', 'BadIdna'],
    ['ⓖithub.com', 'BadIdna'],
    ['BÜCHER.example', 'BadIdna'],
    ['①②⑦.⓪.⓪.①', 'BadIdna'],
    ['xn--.com', 'BadHyphen'],
    ['xn--a.com', 'BadIdna'],
    ['good.com\t.evil.com', 'BadCharacter'],
    ['good.com%2eevil.com', 'BadCharacter'],
    ['127.0.0.1\0.good.example', 'BadCharacter'],
    ['good.com@evil.com', 'BadCharacter'],
    ['a\\.b.com', 'BadCharacter'],
    ['under_score.com', 'BadCharacter'],
    ['*.example.com', 'BadCharacter'],
    ['[::1]', 'BadCharacter'],
    ['fe80::1%lo', 'BadCharacter'],
    ['-a.com', 'BadHyphen'],
    ['a-.com', 'BadHyphen'],
    ['127.1', 'LooksLikeAddress'],
    ['2130706433', 'LooksLikeAddress'],
    ['0x7f.1', 'LooksLikeAddress'],
    ['0xa9fea9fe', 'LooksLikeAddress'],
    ['017700000001', 'LooksLikeAddress'],
    ['1.2.3.4.5', 'LooksLikeAddress'],
    ['1.2.3.04', 'LooksLikeAddress'],
    [`${'a'.repeat(64)}.com`, 'LabelTooLong'],
    [`${'a.'.repeat(126)}com`, 'TooLong'],
    ['a'.repeat(5000), 'TooLong'],
  ])('P05, P06, P07, P08, P09, P10, P11, P22, D15 %j is refused: %s', (text, problem) =>
    expect(parseHost(text)).toEqual({ kind: 'invalid', problem }),
  );

  test('never throws, and what it returns is canonical and stable', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.domain(), fc.ipV6(), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(texts, text => {
        const host = parseHost(text);
        if (host.kind === 'invalid') return;
        expect(parseHost(hostText(host))).toEqual(host);
        if (host.kind === 'name') expect(host.name).toMatch(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/);
      }),
      { numRuns: 3000 },
    );
  });
});
