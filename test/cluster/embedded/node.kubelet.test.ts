// The embedded node keeps what Kubernetes promises; everything else in this tier stands on these.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../base/wait-until.ts';
import { busyboxImage, ensureBusyboxImage } from '../build/base-images.ts';
import { currentCluster } from '../current-cluster.ts';
import { testNamespace } from '../test-namespace.ts';
import { kubernetesServiceAddress } from './addresses.ts';

const namespace = testNamespace('node');
const cluster = currentCluster();
const kubectl = (...args: string[]) => cluster.kubectl(['--namespace', namespace, ...args]);
const apply = (object: unknown) =>
  cluster.kubectl(['--namespace', namespace, 'apply', '--filename=-'], { stdin: JSON.stringify(object) });
const inPod = (pod: string, script: string) => kubectl('exec', pod, '--', 'busybox', 'sh', '-c', script);

interface PodOptions {
  readonly script?: string;
  readonly spec?: object;
  readonly container?: object;
}

function podManifest(name: string, { script = 'busybox sleep infinity', spec, container }: PodOptions = {}): unknown {
  const command = ['busybox', 'sh', '-c', script];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: busyboxImage, imagePullPolicy: 'Never', command, ...container }],
      ...spec,
    },
  };
}

async function startPod(name: string, options?: PodOptions): Promise<void> {
  await apply(podManifest(name, options));
  await kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
}

const fetchFrom = (address: string) =>
  inPod('client', `busybox printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 1 ${address} 8080 | busybox grep hello`);

const blocked = (address: string) =>
  fetchFrom(address).then(
    () => undefined,
    () => true as const,
  );
const reached = (address: string) => fetchFrom(address).catch(() => undefined);

const policy = (ingress: unknown) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'server' },
  spec: { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Ingress'], ingress },
});

beforeAll(async () => {
  const context = { progress: () => undefined, signal: new AbortController().signal };
  await cluster.importImages([await ensureBusyboxImage(context)]);
  await startPod('client');
});

test('a process runs under the runtime’s seccomp profile without asking for one', async () => {
  expect(await inPod('client', 'busybox grep ^Seccomp: /proc/self/status')).toMatch(/^Seccomp:\s+2$/m);
});

test('names of services resolve, and names outside the cluster do not without an outside world', async () => {
  const answer = await inPod('client', 'busybox nslookup kubernetes.default.svc.cluster.local');
  expect(answer).toContain(kubernetesServiceAddress);
  if (cluster.record.outside !== undefined) return;
  await expect(inPod('client', 'busybox nslookup outside.example.')).rejects.toThrow(/can't find outside.example/);
});

test('the API server answers at its service address, which the node’s proxy translates', async () => {
  const tokenFolder = '/var/run/secrets/kubernetes.io/serviceaccount';
  expect(await inPod('client', `busybox ls ${tokenFolder}`)).toContain('token');
  await inPod('client', `busybox nc -w 5 ${kubernetesServiceAddress} 443 </dev/null`);
});

test('a volume is writable by a user who is not root, through fsGroup, and its folder goes with its claim', async () => {
  await apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  await startPod('writer', {
    script: 'id -u; echo kept >/data/file && busybox sleep infinity',
    spec: {
      securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
    container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
  });
  expect(await inPod('writer', 'busybox cat /data/file')).toBe('kept\n');
  const volume = await kubectl('get', 'pvc', 'data', '--output=jsonpath={.spec.volumeName}');
  await kubectl('delete', 'pod/writer', 'pvc/data', '--timeout=60s');
  await kubectl('wait', '--for=delete', `pv/${volume}`, '--timeout=30s');
});

describe.each([
  ['IPv4', 0],
  ['IPv6', 1],
])('NetworkPolicy over %s', (_family, position) => {
  let address: string;

  beforeAll(async () => {
    const script = 'busybox mkdir -p /tmp/www; echo hello >/tmp/www/index.html; busybox httpd -f -p 8080 -h /tmp/www';
    await startPod('server', { script });
    address = await kubectl('get', 'pod', 'server', `--output=jsonpath={.status.podIPs[${position}].ip}`);
  });
  afterAll(() => kubectl('delete', 'networkpolicy', '--all'));

  test('without one, pods reach each other', async () => {
    expect(await waitUntil(() => reached(address), { what: 'the server', timeoutMs: 10_000 })).toBe('hello\n');
  });

  test('one that selects the server closes it, and an ingress rule opens it again', async () => {
    await apply(policy([]));
    await waitUntil(() => blocked(address), { what: 'the policy to close the server', timeoutMs: 15_000 });
    await apply(policy([{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }]));
    await waitUntil(() => reached(address), { what: 'the policy to open the server', timeoutMs: 15_000 });
  });

  test('one that selects the client closes its way out', async () => {
    await apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'client' },
      spec: { podSelector: { matchLabels: { app: 'client' } }, policyTypes: ['Egress'], egress: [] },
    });
    await waitUntil(() => blocked(address), { what: 'the policy to close the client', timeoutMs: 15_000 });
  });
});
