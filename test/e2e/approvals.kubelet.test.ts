// From a denial to a person to an effect, on a whole cluster.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { type CreelUnderTest, creelUnderTest } from './creel-under-test.ts';
import { fetchInside } from './fetch-inside.ts';
import { outcomeOf, SandboxNamespace } from './sandbox-namespace.ts';

const namespace = new SandboxNamespace(currentCluster(), `e2e-approvals-${process.pid}`);
let creel: CreelUnderTest;
const fetch = (url: string) => fetchInside(namespace, 'agent', url);
const requestFor = (host: string) => (request: ApprovalRequest) => request.spec.egress?.host === host;
const patch = (name: string, decision: object) => [
  'patch',
  'apr',
  name,
  '--type=merge',
  `--patch=${JSON.stringify({ spec: { decision } })}`,
];

beforeAll(async () => {
  creel = await creelUnderTest();
  await namespace.create();
  await namespace.allowHost('listed', 'listed.example.org');
  await namespace.applySandbox('agent');
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
});
afterAll(() => namespace.delete());

test('a listed host works', async () => {
  expect(await fetch('https://listed.example.org/')).toMatchObject({ status: 200 });
});

test('an unlisted host: 403 that names the request, nothing asked of DNS; approved by kubectl patch it works; revoked it does not', async () => {
  const host = 'unlisted.example.org';
  const refused = await fetch(`https://${host}/report`);
  expect(refused).toMatchObject({ status: 403 });
  const { approval, binary } = JSON.parse(refused.body) as { approval: string; binary: string };
  expect(binary).toBe('/usr/bin/curl');
  expect(await creel.outside.countDnsQueries(host)).toBe(0);

  const request = await namespace.waitForRequest(requestFor(host), `a request for ${host}`);
  expect(request.metadata.name).toBe(approval);
  expect(request.spec.egress).toMatchObject({ host, port: 443, binary: { path: '/usr/bin/curl' } });

  const by = JSON.parse(await namespace.kubectl(['auth', 'whoami', '--output=json'])) as {
    status: { userInfo: { username: string } };
  };
  const { username } = by.status.userInfo;
  await namespace.kubectl(patch(approval, { verdict: 'Approve', for: '1h', by: username }));
  await namespace.waitForRequest(
    ({ metadata, status }) => metadata.name === approval && status?.phase === 'Enforced',
    'the approval to be enforced',
  );
  expect(await fetch(`https://${host}/report`)).toMatchObject({ status: 200 });

  await namespace.kubectl(patch(approval, { verdict: 'Revoke', for: null, by: username }));
  await namespace.waitForRequest(
    ({ metadata, status }) => metadata.name === approval && status?.phase === 'Revoked',
    'the approval to be revoked',
  );
  expect(await fetch(`https://${host}/report`)).toMatchObject({ status: 403 });
});

test('50 equal denials are one request with 50 hits', async () => {
  const host = 'fifty.example.org';
  await namespace.inside('agent', `for i in $(seq 50); do curl -s -o /dev/null -m 10 https://${host}/; done`);
  const request = await namespace.waitForRequest(
    candidate => requestFor(host)(candidate) && candidate.status?.hits === 50,
    `50 hits on ${host}`,
    30_000,
  );
  const { items } = JSON.parse(await namespace.kubectl(['get', 'apr', '--output=json'])) as {
    items: ApprovalRequest[];
  };
  expect(items.filter(requestFor(host)).map(({ metadata }) => metadata.name)).toEqual([request.metadata.name]);
});

const decide = async (name: string, decision: object) => {
  const whoAmI = await namespace.kubectl(['auth', 'whoami', '--output=jsonpath={.status.userInfo.username}']);
  await namespace.kubectl(patch(name, { ...decision, by: whoAmI.trim() }));
};

test('refused by a person: the agent reads why in its next 403', async () => {
  const refused = await fetch('https://refused.example.org/');
  const { approval } = JSON.parse(refused.body) as { approval: string };
  await decide(approval, { verdict: 'Deny', reason: 'use the mirror' });
  await namespace.waitForRequest(
    ({ metadata, status }) => metadata.name === approval && status?.phase === 'Denied',
    'the denial',
  );
  const again = await fetch('https://refused.example.org/');
  expect(JSON.parse(again.body)).toMatchObject({
    error: 'Denied',
    detail: 'A person has refused this: use the mirror',
    approval,
  });
});

test('for one use: it passes once, and the next try asks anew', async () => {
  const url = 'https://once.example.org/';
  const { approval } = JSON.parse((await fetch(url)).body) as { approval: string };
  await decide(approval, { verdict: 'Approve', for: '1h', maxUses: 1 });
  const phase = (wanted: string) =>
    namespace.waitForRequest(({ metadata, status }) => metadata.name === approval && status?.phase === wanted, wanted);
  await phase('Enforced');
  expect(await fetch(url)).toMatchObject({ status: 200 });
  const refused = await fetch(url);
  expect(refused.status).toBe(403);
  expect((JSON.parse(refused.body) as { approval: string }).approval).not.toBe(approval);
  const { status } = await phase('Expired');
  expect(status).toMatchObject({ usesLeft: 0 });
  expect(status?.history?.at(-1)?.message).toBe('its one use is spent');
});

test('with egress.hold the agent waits, and its request passes as if nothing had been', async () => {
  await namespace.applySandbox('patient', { egress: { hold: '25s' } });
  await namespace.waitForCondition('csb', 'patient', 'Ready', 'True', 120_000);
  const host = 'waited-for.example.org';
  const waiting = namespace.inside('patient', `curl -sS -m 25 -o /dev/null -w '%{http_code}' https://${host}/`);
  const request = await namespace.waitForRequest(requestFor(host), `a request for ${host}`);
  await decide(request.metadata.name, { verdict: 'Approve', for: '1h' });
  expect((await waiting).stdout).toBe('200');
});

describe('who may not approve', () => {
  test.each([
    ['a user with the built-in role edit', 'mallory', []],
    [
      'the sandbox’s own service account',
      `system:serviceaccount:${namespace.name}:csb-agent`,
      ['system:serviceaccounts', `system:serviceaccounts:${namespace.name}`],
    ],
    [
      'the operator',
      'system:serviceaccount:creel-system:creel-operator',
      ['system:serviceaccounts', 'system:serviceaccounts:creel-system'],
    ],
  ])('%s', async (_who, user, groups) => {
    await fetch('https://guarded.example.org/');
    const request = await namespace.waitForRequest(requestFor('guarded.example.org'), 'a request to approve');
    await namespace.editor('mallory');
    const approve = patch(request.metadata.name, { verdict: 'Approve', for: '1h', by: user });
    const attempt = await outcomeOf(namespace.kubectlAs(user, groups, approve));
    expect(attempt.stderr).toMatch(/forbidden/i);
    const after = await namespace.get<ApprovalRequest>('apr', request.metadata.name);
    expect(after.spec.decision).toBeUndefined();
  });
});
