import { expect, test } from 'vitest';
import { currentCluster } from '../current-cluster.ts';
import { testNamespace } from '../test-namespace.ts';

const namespace = testNamespace('control-plane');

test('objects survive a restart of the API server', async () => {
  const cluster = currentCluster();
  await cluster.kubectl(['create', 'configmap', 'kept', '--namespace', namespace, '--from-literal=a=b']);
  await cluster.restartApiServer();
  expect(
    await cluster.kubectl(['get', 'configmap', 'kept', '--namespace', namespace, '-o', 'jsonpath={.data.a}']),
  ).toBe('b');
});

test('a client certificate acts as its user, in its groups, and may do nothing until it is bound', async () => {
  const cluster = currentCluster();
  const kubeconfigPath = await cluster.clientFor('alice', ['developers']);
  const whoami = JSON.parse(await cluster.kubectl(['auth', 'whoami', '-o', 'json'], { kubeconfigPath })) as {
    status: { userInfo: { username: string; groups: string[] } };
  };
  expect(whoami.status.userInfo).toMatchObject({ username: 'alice', groups: ['developers', 'system:authenticated'] });
  await expect(cluster.kubectl(['get', 'pods', '--namespace', namespace], { kubeconfigPath })).rejects.toThrow(
    /User "alice" cannot list resource "pods"/,
  );
});
