import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { SecretValue } from './secret-value.ts';

test('nothing but expose shows the value', () => {
  const secret = new SecretValue('sk-topsecret');
  const shown = [
    String(secret),
    Array.of<unknown>('key:', secret).join(' '),
    JSON.stringify({ secret }),
    inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
    new Error(`failed with ${String(secret)}`).stack ?? '',
    Object.values(secret).join(),
  ].join('\n');
  expect(shown).not.toContain('topsecret');
  expect(secret.expose()).toBe('sk-topsecret');
});
