import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyRedactor } from './key-redactor.ts';

const key = 'sk-secret-sk-key';

function redact(text: string, size: number): string {
  const redactor = new KeyRedactor(key);
  const bytes = Buffer.from(text);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(redactor.push(bytes.subarray(at, at + size)));
  return Buffer.concat([...out, redactor.end()]).toString();
}

test('the key is never seen, in whatever pieces it comes, and nothing else changes', () => {
  const pieces = fc.constantFrom(
    'sk-',
    'sk-secret-',
    'secret',
    key,
    key.slice(0, -1),
    'x',
    '\n',
    'sk-secret-sk-sk-secret-sk-key',
  );
  fc.assert(
    fc.property(fc.array(pieces), fc.integer({ min: 1, max: 40 }), (parts, size) => {
      const text = parts.join('');
      expect(redact(text, size)).toBe(text.replaceAll(key, '*'.repeat(key.length)));
    }),
    { numRuns: 3000 },
  );
});

test('bytes that cannot begin the key wait for nothing', () => {
  const redactor = new KeyRedactor(key);
  expect(redactor.push(Buffer.from('data: {}\n\n')).toString()).toBe('data: {}\n\n');
  expect(redactor.push(Buffer.from('a sk-')).toString()).toBe('a ');
  expect(redactor.push(Buffer.from('nope')).toString()).toBe('sk-nope');
});
