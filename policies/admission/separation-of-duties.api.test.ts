// With the chart's separationOfDuties, and without any webhook: who made a Sandbox does not approve what it asks for.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installChart, uninstallChart } from '../../charts/testing/chart-release.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { testNamespace } from '../../test/cluster/test-namespace.ts';
import { type ApiCaller, openApiCaller } from '../../webhook/testing/api-caller.ts';

const namespace = testNamespace('separation', {
  'creel.dev/sandboxes': 'true',
  'pod-security.kubernetes.io/enforce': 'privileged',
});
const root = `/apis/creel.dev/v1alpha1/namespaces/${namespace}`;
const creator = 'creel.dev/created-by';
const groups = ['separation-tests', 'system:authenticated'];
const erin = { user: 'erin', groups };
const ann = { user: 'ann', groups };
const operator = {
  user: 'system:serviceaccount:creel-system:creel-operator',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:creel-system', 'system:authenticated'],
};
let caller: ApiCaller | undefined;
const call: ApiCaller['call'] = request => {
  if (caller === undefined) throw new Error('the set-up failed');
  return caller.call(request);
};

beforeAll(async () => {
  const cluster = currentCluster();
  await cluster.kubectl(['apply', '--server-side', `--filename=${join(import.meta.dirname, '../../crds')}`]);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  await installChart(['webhook.enabled=false', 'separationOfDuties=true']);
  for (const role of ['creel-approver', 'creel-user'])
    await cluster.kubectl([
      'create',
      'rolebinding',
      role,
      `--clusterrole=${role}`,
      `--group=${groups[0]}`,
      '-n',
      namespace,
    ]);
  caller = await openApiCaller();
});
afterAll(async () => {
  await caller?.close();
  await uninstallChart();
});

let count = 0;
/** A request as the operator makes it for a Sandbox of that creator; answers its path. */
async function ask(createdBy: string | undefined): Promise<string> {
  const name = `apr-${++count}`;
  const annotations = createdBy === undefined ? {} : { [creator]: createdBy };
  const sandbox = { name: 'box', uid: '6f0c5b0e-0000-4000-8000-000000000000' };
  const body = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: { name, annotations },
    spec: { type: 'Egress', sandbox, egress: { host: 'paste.example.org', port: 443, reason: 'NotListed' } },
  };
  const made = await call({ method: 'POST', path: `${root}/approvalrequests`, body, as: operator });
  expect(made.message).toBe('');
  return `${root}/approvalrequests/${name}`;
}

const decide = (path: string, as: typeof erin, decision: object, query = {}) =>
  call({
    query,
    method: 'PATCH',
    path,
    contentType: 'application/merge-patch+json',
    body: { spec: { decision: { ...decision, by: as.user } } },
    as,
  });
const approve = { verdict: 'Approve', for: '1h' };

test('the creator may not approve, and may deny, snooze and revoke; another approver approves', async () => {
  const path = await ask('erin');
  // The API server compiles admission policies a moment after they are there.
  await expect
    .poll(async () => (await decide(path, erin, approve, { dryRun: 'All' })).message, { timeout: 15_000 })
    .toContain('erin made the Sandbox and may not approve what it asks for');
  expect((await decide(path, erin, { verdict: 'Snooze', for: '1m' })).status).toBe(200);
  expect((await decide(path, erin, approve)).status).toBe(403);
  expect((await decide(path, ann, approve)).status).toBe(200);
  expect((await decide(path, erin, { verdict: 'Revoke' })).status).toBe(200);
  const denied = await ask('erin');
  expect((await decide(denied, erin, { verdict: 'Deny' })).status).toBe(200);
  expect((await decide(denied, erin, approve)).status).toBe(403);
});

test('of whom nobody knows, nothing is approved', async () => {
  const path = await ask(undefined);
  expect((await decide(path, ann, approve)).message).toContain('nobody knows who made this Sandbox');
  expect((await decide(path, ann, { verdict: 'Deny' })).status).toBe(200);
});

test('the name does not change with the decision', async () => {
  const path = await ask('erin');
  const body = { metadata: { annotations: { [creator]: 'ann' } }, spec: { decision: { ...approve, by: 'erin' } } };
  const request = { method: 'PATCH', path, contentType: 'application/merge-patch+json', as: erin } as const;
  expect((await call({ ...request, body })).message).toContain('is never changed');
});

test('without the webhook a Sandbox carries its creator where they write it, and nobody else’s name', async () => {
  const create = (name: string) =>
    call({
      method: 'POST',
      path: `${root}/sandboxes`,
      query: { dryRun: 'All' },
      body: {
        apiVersion: 'creel.dev/v1alpha1',
        kind: 'Sandbox',
        metadata: { name: 'box', annotations: { [creator]: name } },
        spec: { image: 'example.org/agent:1' },
      },
      as: erin,
    });
  expect((await create('erin')).object.metadata?.annotations?.[creator]).toBe('erin');
  expect((await create('ann')).message).toContain('that is erin; leave it out');
});
