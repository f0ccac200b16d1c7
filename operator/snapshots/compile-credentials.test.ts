import { expect, test } from 'vitest';
import type { CompiledRule } from '../../protocol/snapshot.ts';
import { compileCredentials, credentialIssues } from './compile-credentials.ts';
import type { CredentialState } from './credential-state.ts';

const hashKey = Buffer.alloc(32, 7);
const read = (allowedHosts?: readonly string[], token = 'sk-secret'): CredentialState => ({
  state: 'Read',
  values: new Map([['token', token]]),
  ...(allowedHosts === undefined ? {} : { allowedHosts }),
});

function rule(change: Partial<CompiledRule> = {}): CompiledRule {
  return {
    id: 'team-a/git/api',
    effect: 'Allow',
    hosts: [{ kind: 'exact', name: 'api.example.com' }],
    cidrs: [],
    services: [],
    ports: [443],
    protocol: 'HTTP',
    inspection: { kind: 'HTTP', access: 'Full', allow: [], deny: [] },
    credential: { ref: 'team-a/github/token', as: 'Bearer' },
    mode: 'Enforce',
    allowedCidrs: [],
    ...change,
  };
}

const hashOf = (state: CredentialState, key = hashKey) =>
  compileCredentials([rule()], () => state, key).credentials.hash;

test('a Secret goes into the snapshot once, with the hosts its owner named and nothing else of it', () => {
  const { credentials, credentialIssues: issues } = compileCredentials(
    [rule(), rule({ id: 'team-a/git/other' })],
    () => read(['API.example.com', 'other.example.com:8443', '*.example.net']),
    hashKey,
  );
  expect(issues).toEqual([]);
  expect(credentials.items).toEqual([
    { ref: 'team-a/github/token', secret: 'sk-secret', allowedHosts: ['api.example.com', 'other.example.com:8443'] },
  ]);
});

test('the hash follows the secret and the hosts, and without the key says nothing of them', () => {
  const first = hashOf(read(['api.example.com']));
  expect(hashOf(read(['api.example.com']))).toBe(first);
  expect(hashOf(read(['api.example.com'], 'sk-rotated'))).not.toBe(first);
  expect(hashOf(read(['api.example.com', 'b.example.com']))).not.toBe(first);
  expect(hashOf(read(['api.example.com']), Buffer.alloc(32, 8))).not.toBe(first);
});

test.each<[string, CredentialState, string, RegExp]>([
  ['has not been read', { state: 'Unread' }, 'SecretPending', /not been read/],
  ['is missing', { state: 'Missing' }, 'SecretNotFound', /kubectl create secret generic github -n team-a/],
  [
    'may not be read',
    { state: 'Denied', message: 'ask an administrator' },
    'SecretAccessDenied',
    /ask an administrator/,
  ],
  ['names no hosts', read(), 'SecretHostsMissing', /annotate secret github .*allowed-hosts=api\.example\.com$/],
  ['names others', read(['b.test']), 'SecretHostNotAllowed', /allowed-hosts=b\.test,api\.example\.com$/],
  [
    'names another port',
    read(['api.example.com:8443']),
    'SecretHostNotAllowed',
    /may not be sent to api\.example\.com/,
  ],
  ['names a wildcard', read(['*.example.com']), 'SecretHostNotAllowed', /does not list it/],
  ['is empty', read(['api.example.com'], ' \n'), 'SecretKeyMissing', /no value under token/],
  ['could split a header', read(['api.example.com'], 'a\r\nX-B: c'), 'SecretKeyInvalid', /control characters/],
])('a Secret that %s is not handed out, and its rule says why', (_what, state, reason, message) => {
  const { credentials, credentialIssues: issues } = compileCredentials([rule()], () => state, hashKey);
  expect(credentials.items).toEqual([]);
  expect(issues).toEqual([{ policy: 'team-a/git', rule: 'api', reason, message: expect.stringMatching(message) }]);
  expect(credentialIssues([rule()], () => state)).toEqual(issues);
  expect(JSON.stringify(issues)).not.toContain('sk-secret');
});
