// What inspected rules need of operator and hub, against the real API server: their secrets, approvals of single requests, the freeze.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ClusterEgressPolicy } from '../../crds/schema/cluster-egress-policy.ts';
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { DownFrame, UpFrame } from '../../protocol/session.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { testNamespace } from '../../test/cluster/test-namespace.ts';
import { resources } from '../resources.ts';
import { isSnapshot, type LabSessions, labSessions } from '../testing/lab-sessions.ts';
import { installCrds, type OperatorLab, openOperatorLab } from '../testing/operator-lab.ts';

const namespace = testNamespace('inspected', {
  'creel.dev/sandboxes': 'true',
  'pod-security.kubernetes.io/enforce': 'privileged',
});
let lab: OperatorLab;
let sessions: LabSessions;
const at = (name: string) => ({ namespace, name });
const until = <T>(look: () => Promise<T> | T, timeout = 10_000) =>
  expect.poll(async () => look(), { timeout, interval: 10 });

beforeAll(async () => {
  await installCrds();
  lab = await openOperatorLab(namespace);
  sessions = labSessions(lab, namespace, until);
});
afterAll(async () => {
  sessions.end();
  await lab.client.delete(resources.clusterEgressPolicies, { name: 'freeze-inspected' });
  await lab.close();
});

const binary = { path: '/usr/bin/curl', sha256: 'c'.repeat(64), ancestors: ['/bin/sh'] };
const denial = (id: number, sample: string): UpFrame => ({
  type: 'denial',
  id,
  host: 'git.example.com',
  port: 443,
  binary,
  reason: 'RequestNotAllowed',
  hits: 1,
  sample,
});
const isAsked =
  (id: number) =>
  (frame: DownFrame): frame is Extract<DownFrame, { type: 'asked' }> =>
    frame.type === 'asked' && frame.id === id;
const request = (name: string | undefined) => lab.client.get(resources.approvalRequests, at(name ?? ''));
const decide = (name: string | undefined, decision: object) =>
  lab.client.mergePatch(resources.approvalRequests, at(name ?? ''), { spec: { decision } });

async function allow(name: string, rule: object): Promise<void> {
  const to = [{ host: 'git.example.com', ports: [443] }];
  const spec = { sandboxSelector: {}, allow: [{ name: 'api', to, protocol: 'HTTP', ...rule }] };
  const written = await lab.client.create(resources.egressPolicies, {
    metadata: at(name),
    spec,
  } as unknown as EgressPolicy);
  expect(written).toMatchObject({ ok: true });
}

const data = (token: string) => ({ token: Buffer.from(token).toString('base64') });

test('a rule’s secret reaches the sidecar, a rotated one too, and nothing else in the cluster says it', async () => {
  const annotations = { 'creel.dev/allowed-hosts': 'git.example.com' };
  await lab.client.create(resources.secrets, {
    metadata: { ...at('git'), annotations },
    data: data('sk-first'),
  });
  const { client } = await sessions.startSession('signing');
  const credential = { secretRef: { name: 'git', key: 'token' }, as: 'Bearer' };
  await allow('signed', { http: { access: 'ReadOnly', deny: [{ path: '/admin/**' }] }, credential });
  const secrets = () => client.snapshot()?.credentials?.items.map(({ secret }) => secret);
  await until(secrets).toEqual(['sk-first']);
  expect(client.snapshot()?.credentials?.items).toEqual([
    { ref: `${namespace}/git/token`, secret: 'sk-first', allowedHosts: ['git.example.com'] },
  ]);
  await lab.client.mergePatch(resources.secrets, at('git'), { data: data('sk-second') });
  await until(secrets, 20_000).toEqual(['sk-second']);
  // Only what changed was sent again.
  const rotated = client.frames.filter(isSnapshot).at(-1)?.snapshot as Snapshot;
  expect(rotated.policy).toBeUndefined();
  await lab.client.mergePatch(resources.secrets, at('git'), {
    metadata: { annotations: { 'creel.dev/allowed-hosts': null } },
  });
  await until(secrets, 20_000).toEqual([]);
  const told = JSON.stringify([
    lab.events,
    lab.failures,
    lab.stores.sandboxes.list(),
    lab.stores.egressPolicies.list(),
  ]);
  expect(told).not.toMatch(/sk-(first|second)/);
});

test('a request nobody lists is asked for as it was made, approved alone, and another is another question', async () => {
  const { client } = await sessions.startSession('requests');
  client.say(denial(1, 'POST git.example.com/repos/a/issues'));
  const { approval } = await client.frame(isAsked(1));
  expect(await request(approval)).toMatchObject({ spec: { egress: { reason: 'RequestNotAllowed', port: 443 } } });
  await until(async () => (await request(approval))?.status?.samples).toEqual(['POST git.example.com/repos/a/issues']);
  const requests = [{ method: 'POST', path: '/repos/a/issues' }];
  await decide(approval, { verdict: 'Approve', for: '1h', scope: 'Request', requests });
  await until(() => client.snapshot()?.grants?.items).toMatchObject([{ id: approval, requests }]);
  await until(async () => (await request(approval))?.status?.phase).toBe('Enforced');
  client.say(denial(2, 'DELETE git.example.com/repos/a'));
  const other = await client.frame(isAsked(2));
  expect(other.approval).toMatch(/^apr-/);
  expect(other.approval).not.toBe(approval);
});

test('what a deny pattern speaks of, or where asking is off, is asked of nobody', async () => {
  const { client } = await sessions.startSession('refused');
  client.say(denial(1, 'GET git.example.com/admin/users'));
  expect(await client.frame(isAsked(1))).toMatchObject({
    reason: expect.stringMatching(/^PolicyDenies: RequestDenied/),
  });
  const { client: silent } = await sessions.startSession('silent', { egress: { onUnlisted: 'Deny' } } as never);
  silent.say(denial(1, 'POST git.example.com/x'));
  expect(await silent.frame(isAsked(1))).toMatchObject({ reason: expect.stringMatching(/^AskingIsOff/) });
});

test('a freeze reaches every sidecar of the namespace within a second, and thaws as fast', async () => {
  const { client } = await sessions.startSession('frozen');
  expect(client.snapshot()?.policy?.frozen).toBe(false);
  const frozen = client.frame(
    (frame): frame is DownFrame => isSnapshot(frame) && frame.snapshot.policy?.frozen === true,
  );
  const startedMs = performance.now();
  const written = await lab.client.create(resources.clusterEgressPolicies, {
    metadata: { name: 'freeze-inspected' },
    spec: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } }, freeze: true },
  } as unknown as ClusterEgressPolicy);
  expect(written).toMatchObject({ ok: true });
  await frozen;
  const tookMs = performance.now() - startedMs;
  process.stderr.write(`freeze sent → snapshot at the sidecar: ${tookMs.toFixed(0)} ms\n`);
  expect(tookMs).toBeLessThan(1000);
  await lab.client.delete(resources.clusterEgressPolicies, { name: 'freeze-inspected' });
  await until(() => client.snapshot()?.policy?.frozen).toBe(false);
});
