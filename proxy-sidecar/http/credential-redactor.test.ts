import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CredentialRedactor, isEncoded } from './credential-redactor.ts';
import { headerField } from './header-fields.ts';

const secret = 's3cr3t/with+odd=chars';
const bearer = [headerField('Authorization', `Bearer ${secret}`)];
const basic = [headerField('Authorization', `Basic ${Buffer.from(`bot:${secret}`).toString('base64')}`)];

function redact(setFields: typeof bearer, text: string, size = text.length): string {
  const redactor = CredentialRedactor.for(setFields);
  const out: Buffer[] = [];
  for (let at = 0; at < text.length; at += size)
    out.push(redactor?.push(Buffer.from(text.slice(at, at + size), 'latin1')) ?? Buffer.alloc(0));
  return Buffer.concat([...out, redactor?.end() ?? Buffer.alloc(0)]).toString('latin1');
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const hex = (text: string) => Buffer.from(text).toString('hex');

describe('what an upstream says about the credential it was sent', () => {
  const echoes: readonly (readonly [string, string])[] = [
    ['as it is', `you sent Bearer ${secret}.`],
    ['in JSON', JSON.stringify({ authorization: `Bearer ${secret}` })],
    ['in JSON with escaped slashes', secret.replaceAll('/', '\\/')],
    ['escaped for a URL', `https://h.test/?token=${encodeURIComponent(secret)}&x`],
    ['escaped in lower case', encodeURIComponent(secret).replace(/%../g, code => code.toLowerCase())],
    ['escaped altogether', hex(secret).replace(/../g, '%$&')],
    ['in hex', hex(`Bearer ${secret}`)],
    ['in upper-case hex', hex(secret).toUpperCase()],
    ['in base64', base64(secret)],
    ['in base64 behind one byte', base64(`:${secret}`)],
    ['in base64 behind two bytes', base64(`u:${secret} and more`)],
    ['in base64 of the whole field', base64(`Authorization: Bearer ${secret}\r\nHost: h.test`)],
    ['in base64 for URLs', Buffer.from(`Bearer ${secret}`).toString('base64url')],
  ];

  test.each(echoes)('%s: it is gone, and the length is the same', (_form, text) => {
    for (const size of [text.length, 7, 1]) {
      const shown = redact(bearer, text, size);
      expect(shown).toHaveLength(text.length);
      expect(remains(shown)).toBe(false);
    }
  });

  test('Basic: neither the pair in base64 nor the password behind it', () => {
    expect(redact(basic, `Basic ${base64(`bot:${secret}`)} is bot:${secret}`)).toMatch(/^Basic \*{3,} is bot:\*+$/);
    expect(remains(redact(basic, `${base64(`bot:${secret}`)} ${base64(secret)} ${secret}`))).toBe(false);
  });

  test('a header of another name', () => {
    expect(redact([headerField('X-Api-Key', secret)], `key=${secret}`)).toBe(`key=${'*'.repeat(secret.length)}`);
  });

  test('fields and texts', () => {
    const redactor = CredentialRedactor.for(bearer);
    expect(redactor?.fields([headerField('X-Echo', `a ${secret} b`)])).toEqual([
      headerField('X-Echo', `a ${'*'.repeat(secret.length)} b`),
    ]);
    expect(redactor?.text(`Unknown ${secret}`)).toBe(`Unknown ${'*'.repeat(secret.length)}`);
  });
});

/** Any six characters in a row of the secret, or of how it is written. */
function remains(shown: string): boolean {
  const readings = [shown, decode(shown, 'hex'), ...[0, 1, 2, 3].map(skip => decode(shown.slice(skip), 'base64'))];
  try {
    readings.push(decodeURIComponent(shown));
  } catch {
    // Not escaped, then.
  }
  return [...Array(secret.length - 5).keys()].some(at =>
    readings.some(text => text.includes(secret.slice(at, at + 6))),
  );
}

const decode = (text: string, coding: 'hex' | 'base64') => Buffer.from(text, coding).toString('latin1');

/** Every place where it stands, also where one runs into the next. */
function covered(text: string): string {
  const isCovered = (at: number) =>
    [...Array(secret.length).keys()].some(back => back <= at && text.startsWith(secret, at - back));
  return Array.from(text, (letter, at) => (isCovered(at) ? '*' : letter)).join('');
}

test('in whatever pieces it comes at most its first three characters go on, and nothing else changes', () => {
  const pieces = fc.constantFrom('s3c', secret, secret.slice(0, -1), secret.slice(3), '*', 'czNjcjN0', 'x', '\n');
  fc.assert(
    fc.property(fc.array(pieces), fc.integer({ min: 1, max: 60 }), (parts, size) => {
      const text = parts.join('');
      const stars = covered(text);
      const shown = redact(bearer, text, size);
      expect(shown).toHaveLength(text.length);
      const differing = Array.from(shown)
        .filter((letter, at) => letter !== stars[at])
        .join('');
      expect(differing).toMatch(/^(s?3?c?)*$/);
    }),
    { numRuns: 2000 },
  );
});

test('a piece that ends in fewer than four bytes of it does not wait', () => {
  const redactor = CredentialRedactor.for(bearer);
  expect(redactor?.push(Buffer.from('message s3c')).toString()).toBe('message s3c');
  expect(redactor?.push(Buffer.from(secret.slice(3))).toString()).toBe('*'.repeat(secret.length - 3));
  expect(redactor?.push(Buffer.from('s3cr')).toString()).toBe('');
  expect(redactor?.push(Buffer.from('!')).toString()).toBe('s3cr!');
});

test('without a credential, and for one too short to tell from chance, there is nothing to do', () => {
  expect(CredentialRedactor.for([])).toBeUndefined();
  expect(CredentialRedactor.for([headerField('Authorization', 'Bearer abc1234')])).toBeUndefined();
});

test.each([
  ['gzip', true],
  ['identity, br', true],
  ['Identity', false],
  ['', false],
])('Content-Encoding %s hides the body: %s', (value, expected) => {
  expect(isEncoded([headerField('Content-Encoding', value)])).toBe(expected);
});
