import { describe, expect, test } from 'vitest';
import { sampleEgressPolicy, sampleRequest, sampleSandbox } from '../../engine/compile/testing/objects.ts';
import type { RequestQuestion } from '../../engine/decide/request-evaluator.ts';
import { compileSet } from './compile-set.ts';
import { explain } from './explain.ts';
import { formatExplanation } from './format-explanation.ts';
import type { PolicySet } from './policy-set.ts';

const to = [{ host: 'api.example.org', ports: [443] }];
const read = { name: 'read', to, protocol: 'HTTP', http: { access: 'ReadOnly' } };
const write = {
  name: 'write',
  to,
  protocol: 'HTTP',
  binaries: ['/usr/bin/node'],
  http: { allow: [{ methods: ['POST'], path: '/v1/**' }] },
};
const guarded = { name: 'guarded', to, protocol: 'HTTP', http: { allow: [], deny: [{ path: '/admin/**' }] } };
const opaque = { name: 'opaque', to: [{ host: '*.example.net', ports: [443] }], protocol: 'TLS' };

function setOf(rules: readonly unknown[], more: Partial<PolicySet> = {}): PolicySet {
  const policies = [sampleEgressPolicy('web', rules, [{ name: 'never', to: [{ host: 'bad.example.org' }] }])];
  const none = { namespaceLabels: {}, clusterPolicies: [], requests: [], services: new Map(), gaps: [] };
  return { sandbox: sampleSandbox({ onUnlisted: 'Ask' }), policies, ...none, ...more };
}

function ask(set: PolicySet, question: Partial<RequestQuestion>) {
  return explain(set, compileSet(set, 0), { host: 'api.example.org', port: 443, ...question }, 0);
}

const manyBinaries = ['/usr/bin/node', '/usr/local/bin/node', '/usr/bin/curl', '/usr/local/bin/claude'];
const all = setOf([read, write, guarded, opaque]);

describe('verdict and the rule that decided', () => {
  test.each([
    ['a listed method', { method: 'GET', path: '/a' }, 'Allow', 'team/web/read'],
    ['a rule for this binary', { method: 'POST', path: '/v1/a', binary: '/usr/bin/node' }, 'Allow', 'team/web/write'],
    ['the same by another', { method: 'POST', path: '/v1/a', binary: '/usr/bin/curl' }, 'Ask', undefined],
    ['a deny pattern', { method: 'GET', path: '/admin/a' }, 'Deny', 'team/web/guarded'],
    ['a deny rule', { host: 'bad.example.org' }, 'Deny', 'team/web/never'],
    ['another host', { host: 'other.example.com' }, 'Ask', undefined],
    ['another port', { port: 8443 }, 'Ask', undefined],
  ])('%s', (_what, question, verdict, id) => {
    const { evaluation } = ask(all, question);
    expect([evaluation.verdict, evaluation.id]).toEqual([verdict, id]);
  });
});

test('every rule of the host says what it says alone', () => {
  const { rules } = ask(all, { method: 'POST', path: '/v1/a', binary: '/usr/bin/curl' });
  expect(Object.fromEntries(rules.map(({ id, says }) => [id, says]))).toEqual({
    'team/web/guarded': 'nothing: it does not list this request',
    'team/web/read': 'nothing: it does not list this request',
    'team/web/write': 'nothing: for /usr/bin/node only',
  });
});

describe('warnings', () => {
  test.each([
    ['opaque TLS can be fronted', all, { host: 'a.example.net' }, 'opaque TLS'],
    ['a wildcard is everybody below it', all, { host: 'a.example.net' }, '*.example.net'],
    ['no binary was given', all, { method: 'POST', path: '/v1/a' }, 'Without --binary'],
    ['an interpreter runs any script', all, { binary: '/usr/bin/node' }, 'runs scripts'],
    ['no request was given', all, { binary: '/usr/bin/curl' }, '--method and --path'],
    [
      'a rule is refused',
      setOf([{ ...opaque, to: [{ host: '*.com', ports: [443] }] }]),
      {},
      'team/web/opaque allows nothing',
    ],
    ['a list could not be read', setOf([], { gaps: ['Services could not be read'] }), {}, 'Services could not be read'],
  ])('%s', (_what, set, question, expected) => {
    expect(ask(set, question).warnings.join('\n')).toContain(expected);
  });
});

describe('what to type', () => {
  test('an open request is approved', () => {
    const request = sampleRequest(undefined, { egress: { host: 'paste.example', port: 443 } });
    const { next } = ask(setOf([], { requests: [request] }), { host: 'paste.example' });
    expect(next).toEqual(['kubectl creel -n team approve apr/apr-x --for 1h']);
  });
  test('what a person has refused says who and why, and how to approve it all the same', () => {
    const request = sampleRequest(
      { verdict: 'Deny', by: 'kim', reason: 'use the mirror' },
      { egress: { host: 'paste.example', port: 443 }, status: { phase: 'Denied' } },
    );
    const { next, warnings } = ask(setOf([], { requests: [request] }), { host: 'paste.example' });
    expect(warnings.join()).toContain(`${request.metadata.name} is Denied for /usr/bin/curl, by kim: use the mirror`);
    expect(next).toEqual([expect.stringContaining(`approve apr/${request.metadata.name}`)]);
    expect(ask(setOf([], { requests: [request] }), { host: 'other.example' }).warnings.join()).not.toContain('Denied');
  });

  test('an approval in force is revoked', () => {
    const request = sampleRequest({ verdict: 'Approve', for: '1h', scope: 'Endpoint' });
    const { evaluation, next } = ask(setOf([], { requests: [request] }), { host: 'paste.example' });
    expect(evaluation.verdict).toBe('Allow');
    expect(next).toEqual(['kubectl creel -n team revoke apr/apr-x']);
  });
  test('a rule is edited', () => {
    expect(ask(all, { method: 'GET', path: '/a' }).next).toEqual(['kubectl -n team edit egp web']);
  });
  test('nothing, where files are asked about', () => {
    expect(ask({ ...all, isOfFiles: true }, { method: 'GET', path: '/a' }).next).toEqual([]);
  });
});

test.each([
  ['short rules', all],
  ['a rule for many executables', setOf([read, { ...write, binaries: manyBinaries }])],
])('printed, it fits 80 columns: %s', (_what, set) => {
  const text = formatExplanation(ask(set, { method: 'POST', path: '/v1/a' }));
  expect(text).toContain('api.example.org:443 POST /v1/a\n  Ask (RequestNotAllowed)');
  expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
});
