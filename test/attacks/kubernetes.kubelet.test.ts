// What only a kubelet shows: containers added to a sandbox, ways into it, and its last seconds.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { type CreelUnderTest, creelUnderTest } from '../e2e/creel-under-test.ts';
import { outcomeOf, SandboxNamespace } from '../e2e/sandbox-namespace.ts';
import type { Packet } from '../outside/capture/parse-packet.ts';
import { tryEverything } from './ways-out.ts';

const v4 = '198.51.100.88';
const v6 = '2001:db8:88::1';
const image = 'creel.local/agent-tools:dev';
const namespace = new SandboxNamespace(currentCluster(), `attacks-kubernetes-${process.pid}`);
let creel: CreelUnderTest;

const debug = (container: string, pod: string) => [
  'debug',
  pod,
  `--image=${image}`,
  '--image-pull-policy=IfNotPresent',
  '--profile=netadmin',
  `--container=${container}`,
  '--',
  ...tryEverything(v4, v6),
];

beforeAll(async () => {
  creel = await creelUnderTest();
  await namespace.create();
  await namespace.applySandbox('agent');
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
});
afterAll(() => namespace.delete());

const isTo = ({ destination }: Packet) => destination === v4 || destination === v6;

test('K09 a debugging container is refused to an editor, and behind the fence where break-glass let it in', async () => {
  const kubeconfigPath = await namespace.editor('ed');
  // The built-in role leaves it out; many clusters give it to developers.
  const right = ['--verb=patch', '--resource=pods/ephemeralcontainers'];
  await namespace.kubectl(['create', 'role', 'debugs', ...right]);
  await namespace.kubectl(['create', 'rolebinding', 'debugs', '--role=debugs', '--user=ed']);
  const asEditor = ['--namespace', namespace.name, ...debug('tools', 'csb-agent')];
  const refused = await outcomeOf(currentCluster().kubectl(asEditor, { kubeconfigPath }));
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toContain(`kubectl creel connect agent -n ${namespace.name}`);

  const ordinary = new SandboxNamespace(currentCluster(), `attacks-ordinary-${process.pid}`);
  await currentCluster().kubectl(['create', 'namespace', ordinary.name]);
  const capture = await creel.outside.startCapture();
  try {
    await ordinary.kubectl(['run', 'open', `--image=${image}`, '--', 'sleep', 'infinity']);
    await ordinary.kubectl(['wait', '--for=condition=Ready', 'pod/open', '--timeout=60s']);
    await ordinary.kubectl(debug('tools', 'open'));
    expect(await ended(ordinary, 'open', 'tools')).toMatch(/^udp sent/m);
    await capture.expectSome('a packet of the debugging container of an ordinary pod', isTo);
    capture.clear();
    await namespace.kubectl(debug('glass', 'csb-agent'));
    expect(await ended(namespace, 'csb-agent', 'glass')).not.toContain('answered');
    await capture.expectNone('a packet of the debugging container of a sandbox', isTo);
  } finally {
    await capture.stop();
    await ordinary.delete();
  }
});

test('K10 an editor gets into the sidecar, to a port or past the launcher by no kubectl', async () => {
  const kubeconfigPath = await namespace.editor('ed');
  const asEditor = async (...args: string[]) =>
    (await outcomeOf(currentCluster().kubectl(['--namespace', namespace.name, ...args], { kubeconfigPath }))).stderr;
  expect(await asEditor('exec', 'csb-agent', '--container=sidecar', '--', 'id')).toContain('only agent can be entered');
  expect(await asEditor('exec', 'csb-agent', '--container=agent', '--', 'id')).toContain('kubectl creel connect agent');
  expect(await asEditor('attach', 'csb-agent', '--container=sidecar')).toContain('only agent can be entered');
  expect(await asEditor('port-forward', 'csb-agent', '15000:15000')).toContain('break-glass');
  const raw = `/api/v1/namespaces/${namespace.name}/pods/csb-agent:15000/proxy/`;
  expect(await asEditor('get', '--raw', raw)).toMatch(/break-glass|[Ff]orbidden/);
  // The control: the way that is meant.
  expect((await namespace.inside('agent', 'id -u')).stdout).toBe('1000\n');
});

test('K20 K21 while its namespace is deleted, walls and sidecar included, nothing leaves; and the namespace goes', async () => {
  const own = new SandboxNamespace(currentCluster(), `attacks-deleted-${process.pid}`);
  const capture = await creel.outside.startCapture();
  try {
    await own.create();
    await own.applySandbox('last');
    await own.waitForCondition('csb', 'last', 'Ready', 'True', 120_000);
    // Until it is killed; each turn leaves a mark, so that it is known to have been at it.
    const turn =
      'for i in 1 2 3; do curl -s -m 1 -o /dev/null http://198.51.100.88:8080/; done; date +%s > /sandbox/turn';
    const begun = await own.inside(
      'last',
      `setsid sh -c 'trap "" TERM HUP; while :; do ${turn}; done' > /dev/null 2>&1 & for i in $(seq 60); do [ -s /sandbox/turn ] && break; sleep 1; done; cat /sandbox/turn`,
    );
    expect(begun.stdout).toMatch(/^\d+\n$/);
    await currentCluster().kubectl(['delete', 'namespace', own.name, '--wait=false']);
    const gone = async () =>
      (await currentCluster().kubectl(['get', 'namespace', own.name, '--ignore-not-found', '--output=name'])) === ''
        ? true
        : undefined;
    await waitUntil(gone, { what: 'the namespace to be gone', timeoutMs: 120_000, intervalMs: 500 });
    await capture.expectNone('a packet of the sandbox', isTo);
  } finally {
    await capture.stop();
    await own.delete();
  }
});

/** What an ephemeral container printed, once it has ended. */
async function ended(owner: SandboxNamespace, pod: string, container: string): Promise<string> {
  const state = `--output=jsonpath={.status.ephemeralContainerStatuses[?(@.name=="${container}")].state.terminated.reason}`;
  await waitUntil(async () => (await owner.kubectl(['get', 'pod', pod, state])) || undefined, {
    what: `container ${container} of ${pod} to end`,
    timeoutMs: 90_000,
    intervalMs: 500,
  });
  return owner.kubectl(['logs', pod, `--container=${container}`]);
}
