// GPUs on a real API server: no pod before a person approves, none after the approval has ended, and the workspace stays.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { currentCluster } from '../../../test/cluster/current-cluster.ts';
import { testNamespace } from '../../../test/cluster/test-namespace.ts';
import type { Pod } from '../../core-types.ts';
import { resources } from '../../resources.ts';
import { installCrds, type OperatorLab, openOperatorLab } from '../../testing/operator-lab.ts';

const prepared = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('gpu', prepared);
let lab: OperatorLab;

beforeAll(async () => {
  await installCrds();
  lab = await openOperatorLab(namespace);
});
afterAll(() => lab?.close());

const at = (name: string) => ({ namespace, name });
const until = <T>(look: () => Promise<T> | T) => expect.poll(async () => look(), { timeout: 20_000, interval: 20 });
const read = (name: string) => lab.client.get(resources.sandboxes, at(name));
const podOf = (name: string) => lab.client.get(resources.pods, at(`csb-${name}`));
const phaseOf = async (name: string) => (await read(name))?.status?.phase;
const conditionOf = async (name: string, type: string) =>
  (await read(name))?.status?.conditions?.find(each => each.type === type);
const noted = (reason: string) => lab.events.filter(event => event.reason === reason).map(({ note }) => note);

async function create(name: string, spec: Partial<Sandbox['spec']>): Promise<void> {
  const object = { metadata: at(name), spec: { image: 'creel.example/agent:1', ...spec } };
  const written = await lab.client.create(resources.sandboxes, object as unknown as Sandbox);
  if (!written.ok) throw new Error(written.refusal.message);
}

/** The request that nobody has decided yet. */
async function open(name: string): Promise<ApprovalRequest> {
  const find = () =>
    lab.stores.requests
      .list()
      .find(({ spec, status }) => spec.sandbox.name === name && !spec.decision && status?.phase === 'Pending');
  await until(find).toBeDefined();
  const request = find();
  if (request === undefined) throw new Error('no request');
  return request;
}

async function decide({ metadata }: ApprovalRequest, decision: object): Promise<void> {
  const patch = { spec: { decision: { by: 'alice', ...decision } } };
  const written = await lab.client.mergePatch(resources.approvalRequests, metadata, patch);
  if (!written.ok) throw new Error(written.refusal.message);
}

/** The pod, once it is recorded and the approval says that it is in use. */
async function running(name: string, { metadata }: ApprovalRequest): Promise<Pod> {
  await until(() => lab.stores.requests.get(metadata)?.status?.phase).toBe('Enforced');
  const pod = await podOf(name);
  if (pod === undefined) throw new Error('no pod');
  return pod;
}

test('no pod before; approved: resource in requests and limits, and the node selector; columns say it', async () => {
  await create('first', { gpu: { count: 2 }, placement: { nodeSelector: { pool: 'gpu' } } });
  await until(() => phaseOf('first')).toBe('AwaitingApproval');
  const request = await open('first');
  expect(request.spec.gpu).toEqual({ resource: 'nvidia.com/gpu', count: 2, nodeSelector: { pool: 'gpu' } });
  expect(await podOf('first')).toBeUndefined();
  expect(await conditionOf('first', 'GPUApproved')).toMatchObject({ status: 'False', reason: 'AwaitingApproval' });
  expect(noted('GPUApprovalNeeded')).toEqual([expect.stringContaining(`apr/${request.metadata.name} --for 8h`)]);
  const table = await currentCluster().kubectl(['-n', namespace, 'get', 'csb,apr']);
  expect(table).toMatch(/first +AwaitingApproval/);
  expect(table).toMatch(/first .*nvidia\.com\/gpu .*Pending/);

  await decide(request, { verdict: 'Approve', for: '1h' });
  const pod = await running('first', request);
  expect(pod.spec).toMatchObject({ nodeSelector: { pool: 'gpu' } });
  const agent = pod.spec?.containers?.find(({ name }) => name === 'agent') as { resources?: object; env?: object[] };
  expect(agent.resources).toMatchObject({ requests: { 'nvidia.com/gpu': '2' }, limits: { 'nvidia.com/gpu': '2' } });
  expect(agent.env).toContainEqual({ name: 'LD_PRELOAD' });
  expect(await conditionOf('first', 'GPUApproved')).toMatchObject({ status: 'True', reason: 'Approved' });
});

test('revoked: the pod goes, the workspace stays, the condition names who, why and the next command', async () => {
  const [request] = lab.stores.requests.list().filter(({ spec }) => spec.sandbox.name === 'first');
  if (request === undefined) throw new Error('no request');
  const claim = await lab.client.get<KubeObject>(resources.persistentVolumeClaims, at('csb-first'));
  await decide(request, { verdict: 'Revoke', for: null, reason: 'needed elsewhere' });
  await until(() => podOf('first')).toBeUndefined();
  const next = await open('first');
  await until(() => conditionOf('first', 'Ready')).toMatchObject({
    reason: 'GPUGrantEnded',
    message: `the approval of the GPU (${request.metadata.name}) was revoked by alice: needed elsewhere; the workspace is kept. To go on: kubectl creel approve -n ${namespace} apr/${next.metadata.name} --for 8h`,
  });
  expect(noted('GPUGrantEnded')).toEqual([expect.stringContaining(next.metadata.name)]);
  const kept = await lab.client.get<KubeObject>(resources.persistentVolumeClaims, at('csb-first'));
  expect(kept?.metadata.uid).toBe(claim?.metadata.uid);
});

test('for a time: it ends by itself, and the next approval brings a pod on the same workspace', async () => {
  await create('timed', { gpu: {} });
  const request = await open('timed');
  await decide(request, { verdict: 'Approve', for: '4s' });
  await running('timed', request);
  await until(() => lab.stores.requests.get(request.metadata)?.status?.phase).toBe('Expired');
  await until(() => podOf('timed')).toBeUndefined();
  const next = await open('timed');
  expect((await conditionOf('timed', 'GPUApproved'))?.message).toMatch(/has ended at 2.*the workspace is kept/);
  await decide(next, { verdict: 'Approve', for: '1h' });
  await running('timed', next);
});

test('for the session: as long as the pod, and no longer', async () => {
  await create('session', { gpu: {} });
  const request = await open('session');
  await decide(request, { verdict: 'Approve', for: 'session' });
  const pod = await running('session', request);
  await lab.client.delete(resources.pods, pod.metadata, { gracePeriodSeconds: 0 });
  await until(() => lab.stores.requests.get(request.metadata)?.status?.phase).toBe('Expired');
  await open('session');
  await until(() => phaseOf('session')).toBe('AwaitingApproval');
  await lab.settled();
  expect(await podOf('session')).toBeUndefined();
});

test('denied: stalled with the reason; approved after all, it starts', async () => {
  await create('denied', { gpu: {} });
  const request = await open('denied');
  await decide(request, { verdict: 'Deny', reason: 'use the small model' });
  await until(() => conditionOf('denied', 'Stalled')).toMatchObject({
    status: 'True',
    reason: 'GPUDenied',
    message: expect.stringContaining('denied by alice: use the small model; remove spec.gpu, or approve'),
  });
  expect(noted('GPUDenied')).toHaveLength(1);
  expect(await podOf('denied')).toBeUndefined();
  await decide(request, { verdict: 'Approve', for: '1h' });
  await running('denied', request);
});

test('another GPU is another question: the old answers are superseded, and do not come back', async () => {
  await create('changing', { gpu: {} });
  const first = await open('changing');
  await decide(first, { verdict: 'Approve', for: '1h' });
  await running('changing', first);
  await lab.client.mergePatch(resources.sandboxes, at('changing'), { spec: { gpu: { count: 4 } } });
  await until(() => lab.stores.requests.get(first.metadata)?.status?.phase).toBe('Superseded');
  await until(() => podOf('changing')).toBeUndefined();
  const second = await open('changing');
  expect(second.spec.gpu?.count).toBe(4);
  const placement = { nodeSelector: { pool: 'other' } };
  await lab.client.mergePatch(resources.sandboxes, at('changing'), { spec: { gpu: { count: 1 }, placement } });
  await until(() => lab.stores.requests.get(second.metadata)?.status?.phase).toBe('Superseded');
  await lab.client.mergePatch(resources.sandboxes, at('changing'), { spec: { placement: null } });
  // The first question again, and asked again.
  await until(async () => (await open('changing')).spec.gpu).toEqual(first.spec.gpu);
  expect((await open('changing')).metadata.name).not.toBe(first.metadata.name);
  expect(await podOf('changing')).toBeUndefined();
});

test('forever, or longer than a ceiling lets: approved, not in force, and said', async () => {
  await create('forever', { gpu: {} });
  const request = await open('forever');
  await decide(request, { verdict: 'Approve', for: 'forever' });
  await until(() => conditionOf('forever', 'GPUApproved')).toMatchObject({
    status: 'False',
    reason: 'NotInForce',
    message: expect.stringContaining('ceiling.allowForever'),
  });
  expect(await podOf('forever')).toBeUndefined();
  expect(lab.failures).toEqual([]);
});
