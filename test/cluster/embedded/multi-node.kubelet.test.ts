// Several nodes, added to a cluster that runs: pods reach each other across them under their own addresses.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identifyProcess } from '../base/process-identity.ts';
import { waitUntil } from '../base/wait-until.ts';
import { busyboxImage, ensureBusyboxImage } from '../build/base-images.ts';
import { cgroupFoldersOf } from './cgroups.ts';
import type { EmbeddedCluster } from './embedded-cluster.ts';
import { findProcesses } from './find-processes.ts';
import { netnsNamesOf } from './netns-names.ts';
import { startEmbeddedCluster } from './start-embedded-cluster.ts';

const context = { progress: () => undefined, signal: new AbortController().signal };
let cluster: EmbeddedCluster;
const inPod = (pod: string, script: string) => cluster.kubectl(['exec', pod, '--', 'busybox', 'sh', '-c', script]);
const apply = (object: unknown) => cluster.kubectl(['apply', '--filename=-'], { stdin: JSON.stringify(object) });

beforeAll(async () => {
  const owner = identifyProcess(process.pid);
  if (owner === undefined) throw new Error('this process was not identified');
  const options = { ...context, name: `nodes-${randomBytes(3).toString('hex')}`, owner };
  await startEmbeddedCluster({ ...options, nodes: 1 });
  cluster = await startEmbeddedCluster({ ...options, nodes: 2 });
  await cluster.importImages([await ensureBusyboxImage(context)]);
  await apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'moving' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
});
afterAll(() => cluster?.down());

async function startPod(name: string, node: string): Promise<void> {
  const folder = `/data/${name}`;
  const serve = `busybox mkdir -p ${folder} && echo hello from ${name} >${folder}/index.html && busybox httpd -f -p 8080 -h ${folder}`;
  const command = ['busybox', 'sh', '-c', serve];
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsUser: 1000, fsGroup: 1000 },
      containers: [
        {
          name: 'main',
          image: busyboxImage,
          imagePullPolicy: 'Never',
          command,
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'moving' } }],
    },
  });
  await cluster.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
}

const policy = (from: string) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'there' },
  spec: {
    podSelector: { matchLabels: { app: 'there' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: from } } }] }],
  },
});

test('a pod reaches a pod of another node, and a policy that names it sees who it is', async () => {
  await startPod('here', 'node1');
  await startPod('there', 'node2');
  const address = await cluster.kubectl(['get', 'pod', 'there', '--output=jsonpath={.status.podIP}']);
  const request = "busybox printf 'GET / HTTP/1.0\\r\\n\\r\\n'";
  const reach = () => inPod('here', `${request} | busybox nc -w 2 ${address} 8080`).catch(() => '');
  const hello = async () => ((await reach()).includes('hello from there') ? true : undefined);
  const silence = async () => ((await reach()).includes('hello') ? undefined : true);
  await waitUntil(hello, { what: 'the other node’s pod', timeoutMs: 10_000 });
  await apply(policy('nobody'));
  await waitUntil(silence, { what: 'the policy for others to close it', timeoutMs: 15_000 });
  await apply(policy('here'));
  await waitUntil(hello, { what: 'the policy for this pod to open it', timeoutMs: 15_000 });
});

test('a volume moves with its pod from node to node', async () => {
  await inPod('here', 'busybox echo kept >/data/file');
  expect(await inPod('there', 'busybox cat /data/file')).toBe('kept\n');
});

test('names resolve from a node without a DNS pod', async () => {
  expect(await inPod('there', 'busybox nslookup kubernetes.default.svc.cluster.local')).toContain('10.96.0.1');
});

test('`down` with pods running leaves nothing', async () => {
  await cluster.down();
  const { layout } = cluster;
  expect(findProcesses(layout)).toEqual([]);
  expect(netnsNamesOf(layout)).toEqual([]);
  expect(cgroupFoldersOf(layout)).toEqual([]);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(layout.folder);
  expect(existsSync(layout.folder)).toBe(false);
});
