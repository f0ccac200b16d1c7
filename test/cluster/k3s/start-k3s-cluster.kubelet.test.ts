import { expect, test } from 'vitest';
import { dockerObstacle } from './docker-obstacle.ts';
import { startK3sCluster } from './start-k3s-cluster.ts';

const context = { name: 'k3s', progress: () => undefined, signal: new AbortController().signal };
const obstacle = dockerObstacle();
if (obstacle !== undefined) process.stderr.write(`\n!!! k3s by testcontainers is NOT TESTED here: ${obstacle}\n\n`);

test.skipIf(obstacle !== undefined)('k3s starts in Docker, with a node', async () => {
  const cluster = await startK3sCluster(context);
  try {
    expect(cluster.nodes.length).toBe(1);
    expect(await cluster.kubectl(['get', 'namespace', 'default', '--output=name'])).toBe('namespace/default\n');
  } finally {
    await cluster.down();
  }
});

test.skipIf(obstacle === undefined)(
  'without Docker, asking for k3s names what is missing and the way back',
  async () => {
    await expect(startK3sCluster(context)).rejects.toThrow(/CREEL_CLUSTER=k3s needs Docker: .+\. Unset it/);
  },
);
