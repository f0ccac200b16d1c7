import { describe, expect, test } from 'vitest';
import { egressPolicySchema } from '../../crds/schema/egress-policy.ts';
import { sampleRequest, sampleSandbox } from '../../engine/compile/testing/objects.ts';
import { createEvaluator } from '../../engine/decide/request-evaluator.ts';
import { compileSet } from './compile-set.ts';
import { learnPolicy, sightingsOfRequests } from './learn-policy.ts';
import type { PolicySet } from './policy-set.ts';
import { sightingsOfLog } from './read-audit-lines.ts';

const empty: PolicySet = {
  sandbox: sampleSandbox({ onUnlisted: 'Ask' }),
  policies: [],
  namespaceLabels: {},
  clusterPolicies: [],
  requests: [],
  services: new Map(),
  gaps: [],
};
const line = (fields: object) =>
  JSON.stringify({
    msg: 'connection',
    decision: 'Ask',
    reason: 'NotListed',
    host: 'a.example.org',
    port: 443,
    ...fields,
  });

describe('the log', () => {
  test('equal lines are counted, foreign ones and plain denials passed over', () => {
    const text = [
      line({}),
      line({}),
      'not json',
      line({ reason: 'DenyRule' }),
      line({ decision: 'Allow', reason: 'Audit', method: 'POST', path: '/v1' }),
    ];
    expect(sightingsOfLog(text.join('\n')).map(({ count, method }) => [count, method])).toEqual([
      [2, undefined],
      [1, 'POST'],
    ]);
  });
});

test('what a person has denied is not proposed again', () => {
  const requests = [
    sampleRequest(undefined, { status: { phase: 'Denied' } }),
    sampleRequest(undefined, { status: { hits: 3 } }),
  ];
  expect(sightingsOfRequests({ ...empty, requests })).toEqual([
    { host: 'paste.example', port: 443, binary: '/usr/bin/curl', from: 'approval', count: 3 },
  ]);
});

test('the learnt policy lets through what was seen, and little more', () => {
  const log = [
    line({ method: 'GET', path: '/a?x=1', binary: '/usr/bin/curl' }),
    line({ host: '203.0.113.9', port: 22 }),
    line({ host: 'db.example.org', port: 5432 }),
  ];
  const { policy, comments } = learnPolicy('learnt', empty, sightingsOfLog(log.join('\n')));
  const parsed = egressPolicySchema.parse(policy);
  const set = { ...empty, policies: [{ ...parsed, metadata: { ...empty.sandbox.metadata, name: 'learnt' } }] };
  const compiled = compileSet(set, 0);
  expect(compiled.issues).toEqual([]);
  const verdict = (host: string, port: number, method?: string, path?: string, binary?: string) =>
    createEvaluator(compiled.policy, compiled.grants, 0)({ host, port, method, path, binary }).verdict;
  expect(verdict('a.example.org', 443, 'GET', '/a', '/usr/bin/curl')).toBe('Allow');
  expect(verdict('a.example.org', 443, 'POST', '/a', '/usr/bin/curl')).toBe('Ask');
  expect(verdict('a.example.org', 443, 'GET', '/a', '/usr/bin/wget')).toBe('Ask');
  expect(verdict('203.0.113.9', 22)).toBe('Allow');
  expect(verdict('db.example.org', 5432)).toBe('Allow');
  expect(comments[0]).toBe('seen 1 time by /usr/bin/curl, for example GET /a?x=1');
});
