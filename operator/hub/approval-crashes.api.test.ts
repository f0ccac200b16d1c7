// The operator is killed at every write between a denial and the end of its approval, before and after the API server has it.
// Three times each; CREEL_CRASH_ROUNDS makes it more (`npm run soak -- approvals`).
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKubeClient } from '../../kube/kube-client.ts';
import { loadKubeconfig } from '../../kube/load-kubeconfig.ts';
import { openTransport, type Transport } from '../../kube/transport.ts';
import type { KubeClient } from '../../kube/types.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { resources } from '../resources.ts';
import { type CrashPoint, tellApprovalStory } from '../testing/approval-story.ts';
import { installCrds } from '../testing/operator-lab.ts';

const rounds = Number(process.env['CREEL_CRASH_ROUNDS'] ?? 3);
/** As many as a story without a crash has; the first test holds it. */
const writesOfStory = 12;
const end = new AbortController();
let transport: Transport;
let admin: KubeClient;

beforeAll(async () => {
  await installCrds();
  transport = openTransport(await loadKubeconfig(currentCluster().kubeconfigPath));
  admin = createKubeClient({ transport, fieldManager: 'test', signal: end.signal });
}, 60_000);
afterAll(async () => {
  end.abort();
  await transport?.close();
});

/** In a namespace of its own: operators of other stories see nothing of it. */
async function tell(point?: CrashPoint) {
  const name = `crash-${randomBytes(4).toString('hex')}`;
  const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
  await admin.create(resources.namespaces, { metadata: { name, labels } });
  try {
    return await tellApprovalStory(admin, name, point);
  } finally {
    await admin.delete(resources.namespaces, { name });
  }
}

test('undisturbed it takes no more writes than there are crash points', async () => {
  const { writes } = await tell();
  process.stderr.write(`writes of the story: ${writes.length}\n`);
  expect(writes.length).toBeGreaterThanOrEqual(6);
  expect(writes.length).toBeLessThanOrEqual(writesOfStory);
}, 60_000);

const points = Array.from({ length: writesOfStory }, (_, index) => index + 1);
test.each(points)(
  'killed at write %i: nothing is lost, doubled or in force without a decision',
  async nth => {
    const told = Array.from({ length: rounds }, () => (['before', 'after'] as const).map(side => tell({ nth, side })));
    const ends = await Promise.all(told.flat());
    // The first ones every story has; later ones depend on what was gathered into one write.
    if (nth <= 6) expect(ends.every(({ crashed }) => crashed)).toBe(true);
  },
  180_000,
);
