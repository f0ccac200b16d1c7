import { expect, test } from 'vitest';
import { scopeOf } from './decision-scope.ts';

const seen = (reason: 'NotListed' | 'RequestNotAllowed', samples: readonly string[] = []) => ({
  spec: {
    type: 'Egress' as const,
    sandbox: { name: 'box', uid: 'u' },
    egress: { host: 'api.example.com', port: 443, reason },
  },
  status: { samples: [...samples] },
});

test('a connection is approved for its binary, a request as it was tried', () => {
  const { spec } = seen('NotListed');
  const binary = { path: '/usr/bin/curl', sha256: '0'.repeat(64) };
  const known = { spec: { ...spec, egress: { ...spec.egress, binary } } };
  expect(scopeOf(known, 'apr-x')).toEqual({ scope: 'Binary', requests: null });
  expect(scopeOf(seen('NotListed'), 'apr-x')).toEqual({ scope: 'Endpoint', requests: null });
  expect(scopeOf(seen('RequestNotAllowed', ['POST /v1/a', 'POST /v1/a', 'TLS']), 'apr-x')).toEqual({
    scope: 'Request',
    requests: [{ method: 'POST', path: '/v1/a' }],
  });
});

test('a scope that is named holds, in any case', () => {
  expect(scopeOf(seen('RequestNotAllowed', ['GET /']), 'apr-x', 'endpoint')).toEqual({
    scope: 'Endpoint',
    requests: null,
  });
  expect(scopeOf(seen('NotListed', ['GET /']), 'apr-x', 'request')).toMatchObject({ scope: 'Request' });
});

test('what cannot be approved is said with what can be done', () => {
  expect(() => scopeOf(seen('NotListed'), 'apr-x', 'Host')).toThrow(/use Binary, Endpoint, Request/);
  expect(() => scopeOf(seen('RequestNotAllowed'), 'apr-x')).toThrow(
    /--scope Endpoint, or edit spec\.decision\.requests/,
  );
});

test('of several requests a person says which: what came since they looked is not approved by its name alone', () => {
  const several = seen('RequestNotAllowed', ['GET /v1/models', 'DELETE api.example.com/v1/all']);
  expect(() => scopeOf(several, 'apr-x')).toThrow(/GET \/v1\/models, DELETE \/v1\/all.*--request.*--scope Request/);
  expect(scopeOf(several, 'apr-x', 'Request').requests).toHaveLength(2);
});
