// The leader is killed with an approval in force: the sidecar keeps it, and the next leader has it from its first word on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKubeClient } from '../kube/kube-client.ts';
import { loadKubeconfig } from '../kube/load-kubeconfig.ts';
import { openTransport, type Transport } from '../kube/transport.ts';
import type { KubeClient } from '../kube/types.ts';
import { waitUntil } from '../test/cluster/base/wait-until.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { resources } from './resources.ts';
import { connectToHub } from './testing/hub-client.ts';
import { createHubPod, hubTrust } from './testing/hub-pod.ts';
import { LoyalSidecar } from './testing/loyal-sidecar.ts';
import type { OperatorProcess } from './testing/operator-process.ts';
import { installOperator, startOperator } from './testing/start-operator.ts';

const system = testNamespace('leader-system');
const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('leader', labels);
const end = new AbortController();
const operators: OperatorProcess[] = [];
let transport: Transport;
let admin: KubeClient;
let uninstall: () => Promise<void>;

beforeAll(async () => {
  uninstall = await installOperator(system);
  transport = openTransport(await loadKubeconfig(currentCluster().kubeconfigPath));
  admin = createKubeClient({ transport, fieldManager: 'test', signal: end.signal });
}, 120_000);
afterAll(async () => {
  for (const operator of operators) await operator.stop('SIGKILL');
  end.abort();
  await transport?.close();
  await uninstall?.();
});

const patience = { timeoutMs: 60_000, intervalMs: 50 };
const question = { host: 'api.example.com', port: 443, reason: 'NotListed', sample: 'GET /' } as const;

test('killed, and handed over: the grant stays, nothing older comes, and it can still be taken back', async () => {
  const first = await startOperator(system);
  operators.push(first);
  const pod = await createHubPod(admin, { namespace, name: 'box' });
  const sidecar = new LoyalSidecar();
  const connect = async ({ hubPort }: OperatorProcess) => {
    const trust = await hubTrust(admin, system);
    const token = await pod.mintToken();
    const client = await waitUntil(
      async () => {
        const candidate = await connectToHub(hubPort, trust, token);
        return candidate.status === 200 ? candidate : undefined;
      },
      { ...patience, what: 'a session' },
    );
    sidecar.attach(client);
  };
  await connect(first);
  const approval = await waitUntil(() => sidecar.deny(question, 5000), { ...patience, what: 'a request' });
  const at = { namespace, name: approval };
  const decide = (decision: object) => admin.mergePatch(resources.approvalRequests, at, { spec: { decision } });
  const phase = (wanted: string) =>
    waitUntil(async () => (await admin.get(resources.approvalRequests, at))?.status?.phase === wanted || undefined, {
      ...patience,
      what: `${approval} to be ${wanted}`,
    });
  expect(await decide({ verdict: 'Approve', for: '1h' })).toMatchObject({ ok: true });
  await phase('Enforced');
  const seen: (readonly string[])[] = [];
  sidecar.onGrants = ids => void seen.push(ids);
  const before = await admin.get(resources.approvalRequests, at);
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const last = operators.at(-1);
    const next = startOperator(system);
    await last?.stop(signal);
    const operator = await next;
    operators.push(operator);
    await connect(operator);
    await waitUntil(() => (seen.length > 0 ? true : undefined), { ...patience, what: 'the first snapshot' });
    expect(seen.every(ids => ids.length === 1 && ids[0] === approval)).toBe(true);
    seen.length = 0;
  }
  expect(sidecar.refusedRevisions).toBe(0);
  const after = await admin.get(resources.approvalRequests, at);
  expect(after?.spec).toEqual(before?.spec);
  expect(after?.status).toMatchObject({ expiresAt: before?.status?.expiresAt, decidedAt: before?.status?.decidedAt });
  await decide({ verdict: 'Revoke', for: null });
  await phase('Revoked');
  await waitUntil(() => (sidecar.grants.length === 0 ? true : undefined), {
    ...patience,
    what: 'the end of the grant',
  });
}, 240_000);
