// Where the cluster ends: whatever a pod sends to any address arrives in the outside world, and nowhere else.
import { beforeAll, expect, test } from 'vitest';
import { busyboxImage, ensureBusyboxImage } from '../build/base-images.ts';
import { currentCluster, currentOutside } from '../current-cluster.ts';
import { testNamespace } from '../test-namespace.ts';

const namespace = testNamespace('outside');
const cluster = currentCluster();
const inPod = (script: string) =>
  cluster.kubectl(['--namespace', namespace, 'exec', 'client', '--', 'busybox', 'sh', '-c', script]);

beforeAll(async () => {
  const context = { progress: () => undefined, signal: new AbortController().signal };
  await cluster.importImages([await ensureBusyboxImage(context)]);
  const run = ['run', 'client', `--image=${busyboxImage}`, '--image-pull-policy=Never', '--command'];
  await cluster.kubectl(['--namespace', namespace, ...run, '--', 'busybox', 'sleep', 'infinity']);
  await cluster.kubectl(['--namespace', namespace, 'wait', '--for=condition=Ready', 'pod/client', '--timeout=60s']);
});

test.each(['8.8.8.8', '169.254.169.254', '203.0.113.7', '192.0.2.1', '2001:4860:4860::8888'])(
  'a connection from a pod to %s arrives outside, from the pod’s own address',
  async address => {
    const outside = await currentOutside();
    await inPod(`busybox nc -w 2 ${address} 22 </dev/null`);
    const arrived = await outside.waitForConnection(({ localAddress }) => localAddress.endsWith(address));
    const ask = ['get', 'pod', 'client', '--output=jsonpath={.status.podIPs[*].ip}'];
    const podAddresses = await cluster.kubectl(['--namespace', namespace, ...ask]);
    expect(podAddresses.split(' ')).toContain(arrived.remoteAddress.replace('::ffff:', ''));
  },
);

test('a name outside the cluster is asked of the outside’s name server, through the cluster’s', async () => {
  const outside = await currentOutside();
  const name = `a-${namespace}.example`;
  await inPod(`busybox nslookup ${name}.`);
  expect(await outside.countDnsQueries(name)).toBeGreaterThan(0);
});
