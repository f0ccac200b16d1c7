import { expect, test } from 'vitest';
import { currentCluster } from '../current-cluster.ts';
import { openKubeconfigCluster } from './open-kubeconfig-cluster.ts';

const context = { name: 'given', progress: () => undefined, signal: new AbortController().signal };

test('a cluster given by kubeconfig is used as it is, and left alone at the end', async () => {
  const own = currentCluster();
  const given = await openKubeconfigCluster(own.kubeconfigPath, context);
  expect(given.apiServerUrl).toBe(own.apiServerUrl);
  expect(given.nodes).toEqual([]);
  await given.down();
  expect(await given.kubectl(['get', 'namespace', 'default', '--output=name'])).toBe('namespace/default\n');
});

test('a client of such a cluster is its administrator, acting as the user', async () => {
  const given = await openKubeconfigCluster(currentCluster().kubeconfigPath, context);
  const kubeconfigPath = await given.clientFor('alice', ['developers']);
  const whoami = JSON.parse(await given.kubectl(['auth', 'whoami', '--output=json'], { kubeconfigPath })) as {
    status: { userInfo: { username: string } };
  };
  expect(whoami.status.userInfo.username).toBe('alice');
});
