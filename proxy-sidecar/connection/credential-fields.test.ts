import { describe, expect, test } from 'vitest';
import type { Credentials, CredentialUse } from '../../protocol/snapshot.ts';
import { credentialFields } from './credential-fields.ts';

const ref = 'team/token/key';
const held = (secret: string, allowedHosts = ['api.example']): Credentials => ({
  hash: 'h',
  items: [{ ref, secret, allowedHosts }],
});
const over = { host: 'api.example', isTls: true };

describe('a credential', () => {
  test.each<[string, Partial<CredentialUse>, string, string, string]>([
    ['a bearer token', { as: 'Bearer' }, 'tok\n', 'authorization', 'Bearer tok'],
    ['user and password', { as: 'Basic', username: 'me' }, 'pw', 'authorization', 'Basic bWU6cHc='],
    ['a header of its own', { as: 'Header', header: 'X-Api-Key' }, 'k', 'x-api-key', 'k'],
  ])('is written as %s', (_what, use, secret, key, value) => {
    const written = credentialFields({ ref, as: 'Bearer', ...use }, over, held(secret));
    expect(written).toMatchObject({ ok: true, fields: [{ key, value }] });
  });

  test.each<[string, Credentials | undefined, object]>([
    ['that has not arrived', undefined, over],
    ['that is gone', { hash: 'h', items: [] }, over],
    ['of another host', held('secret-word', ['other.example']), over],
    ['on a connection without TLS', held('secret-word'), { host: 'api.example', isTls: false }],
    ['with a line break inside', held('secret-\r\nword'), over],
    ['that is empty', held(' '), over],
  ])('%s is refused without a word of it', (_what, credentials, where) => {
    const refused = credentialFields({ ref, as: 'Bearer' }, { ...over, ...where }, credentials);
    expect(refused.ok).toBe(false);
    expect(JSON.stringify(refused)).not.toMatch(/secret-|word/);
  });

  test('nobody asked for is no field', () => {
    expect(credentialFields(undefined, over, held('x'))).toEqual({ ok: true, fields: [] });
  });
});
