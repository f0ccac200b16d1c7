// What people with rights in a namespace ask the API server for, with kubectl and through its own controllers; the chart is installed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installChart, uninstallChart } from '../../charts/testing/chart-release.ts';
import { CommandError } from '../cluster/base/run-command.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { testNamespace } from '../cluster/test-namespace.ts';

const namespace = testNamespace('asked', {
  'creel.dev/sandboxes': 'true',
  'pod-security.kubernetes.io/enforce': 'privileged',
});
const operator = '--as=system:serviceaccount:creel-system:creel-operator';

beforeAll(async () => {
  await installChart();
  await kubectl('create', 'rolebinding', 'erin', '--clusterrole=edit', '--user=erin');
  await kubectl('create', 'rolebinding', 'ann', '--clusterrole=creel-approver', '--user=ann');
});
afterAll(uninstallChart);

const kubectl = (...args: string[]) => currentCluster().kubectl([...args, '-n', namespace]);
const send = (object: object, ...args: string[]) =>
  currentCluster().kubectl([...args, '-n', namespace, '--filename=-'], { stdin: JSON.stringify(object) });
const refusalOf = (doing: Promise<unknown>) =>
  doing.then(
    answer => `let through: ${String(answer)}`,
    (error: unknown) => (error instanceof CommandError ? error.stderr : String(error)),
  );
const until = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 20_000, interval: 100 });
const sandbox = (name: string, spec: object = {}) => ({
  apiVersion: 'creel.dev/v1alpha1',
  kind: 'Sandbox',
  metadata: { name },
  spec: { image: 'creel.example/agent:1', ...spec },
});

const podsOf = async (name: string) =>
  (await kubectl('get', 'pods', '--output=name')).split('\n').filter(pod => pod.startsWith(`pod/${name}`));
const eventsOf = () => kubectl('get', 'events', '--output=jsonpath={.items[*].message}');
const podWithProfile = (profile: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'profiled' },
  spec: {
    securityContext: { runAsNonRoot: true, seccompProfile: profile },
    containers: [
      {
        name: 'main',
        image: 'creel.example/tool:1',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
});
const request = (name: string, host: string) => ({
  apiVersion: 'creel.dev/v1alpha1',
  kind: 'ApprovalRequest',
  metadata: { name },
  spec: {
    type: 'Egress',
    sandbox: { name: 'box', uid: '6f0c5b0e-0000-4000-8000-000000000000' },
    egress: { host, port: 443, reason: 'NotListed' },
  },
});
const patch = (name: string, body: object, ...args: string[]) =>
  kubectl('patch', 'apr', name, '--type=merge', `--patch=${JSON.stringify(body)}`, ...args);

describe('a Sandbox says what is listed, and nothing of a pod besides:', () => {
  const container = { name: 'sidecar', image: 'evil.example/x' };
  const fields: readonly (readonly [string, object])[] = [
    ['K01', { hostNetwork: true }],
    ['K01', { hostPID: true }],
    ['K01', { hostIPC: true }],
    ['K01', { hostAliases: [{ ip: '10.0.0.1', hostnames: ['a'] }] }],
    ['K01', { ports: [{ hostPort: 80 }] }],
    ['K02', { securityContext: { privileged: true } }],
    ['K02', { capabilities: { add: ['NET_ADMIN'] } }],
    ['K03', { volumes: [{ name: 'h', hostPath: { path: '/' } }] }],
    ['K04', { serviceAccountName: 'default' }],
    ['K04', { automountServiceAccountToken: true }],
    ['K05', { containers: [container] }],
    ['K05', { initContainers: [container] }],
    ['K05', { volumeMounts: [{ name: 'hub-token', mountPath: '/x' }] }],
    ['K07', { envFrom: [{ secretRef: { name: 's' } }] }],
    ['K29', { template: { spec: {} } }],
    ['K30', { nodeName: 'node-1' }],
    ['K30', { schedulerName: 'mine' }],
    ['K30', { os: { name: 'windows' } }],
    ['K30', { placement: { nodeName: 'node-1' } }],
    ['K34', { sidecarImage: 'evil.example/x' }],
    ['K34', { imagePullPolicy: 'Never' }],
  ];
  test.each(fields)('%s %j is refused by name, and kept by nobody who does not look', async (_id, extra) => {
    const object = sandbox('extra', extra);
    const field = Object.keys(extra)[0] === 'placement' ? 'placement.nodeName' : (Object.keys(extra)[0] ?? '');
    expect(await refusalOf(send(object, 'create', '--dry-run=server', '--validate=strict', '--as=erin'))).toContain(
      `unknown field "spec.${field}"`,
    );
    const stored = await send(object, 'create', '--dry-run=server', '--validate=ignore', '--output=json');
    expect(JSON.stringify((JSON.parse(stored) as { spec: object }).spec)).not.toContain(field.split('.').at(-1));
  });

  const values: readonly (readonly [string, string, object])[] = [
    ['K05', 'a file over the launcher', { files: [{ configMap: { name: 'f' }, path: '/creel/launcher' }] }],
    ['K05', 'a file over the root', { files: [{ configMap: { name: 'f' }, path: '/' }] }],
    ['K05', 'a file over the system’s', { files: [{ configMap: { name: 'f' }, path: '/etc' }] }],
    ['K05', 'a file over the sidecar’s token', { files: [{ configMap: { name: 'f' }, path: '/run/creel/token' }] }],
    ['K08', 'a file that climbs', { files: [{ configMap: { name: 'f' }, path: '/sandbox/../etc' }] }],
    ['K08', 'a writable folder that climbs', { filesystem: { readWrite: ['/sandbox/../etc'] } }],
    ['K02', 'uid 0', { user: { uid: 0 } }],
    ['K02', 'the sidecar’s uid', { user: { uid: 1337 } }],
    ['K02', 'the sidecar’s gid', { user: { gid: 1337 } }],
    ['K31', 'seccomp switched off', { process: { seccomp: 'Unconfined' } }],
    ['K31', 'a profile of one’s own', { process: { seccomp: '../../evil.json' } }],
    ['K31', 'AppArmor switched off', { process: { appArmor: 'Unconfined' } }],
    ['G02', 'a GPU as a plain resource', { resources: { limits: { 'nvidia.com/gpu': 1 } } }],
    ['K07', 'a variable from a Secret', { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }],
  ];
  test.each(values)('%s %s is refused', async (_id, _what, spec) => {
    const create = ['create', '--dry-run=server', '--validate=strict', '--as=erin'];
    expect(await refusalOf(send(sandbox('value', spec), ...create))).toMatch(
      /spec\.(files|filesystem|user|process|resources|env)/,
    );
  });

  test('(one that says only what is listed is taken: a control)', async () => {
    const spec = { files: [{ configMap: { name: 'f' }, path: '/sandbox/etc' }], user: { uid: 2000, gid: 2000 } };
    const create = ['create', '--dry-run=server', '--validate=strict', '--as=erin'];
    await until(() => refusalOf(send(sandbox('listed', spec), ...create))).toContain('created');
  });
});

describe('K13 a controller on somebody’s behalf', () => {
  const restricted = {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image: 'creel.example/tool:1',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  };
  const template = (spec: object, labels: object = {}) => ({
    metadata: { labels: { app: 'x', ...labels } },
    spec: { ...restricted, ...spec },
  });
  const selector = { matchLabels: { app: 'x' } };
  const apps = 'apps/v1';
  const owners: readonly (readonly [string, (name: string, pod: object) => object])[] = [
    [
      'Deployment',
      (name, pod) => ({ apiVersion: apps, kind: 'Deployment', metadata: { name }, spec: { selector, template: pod } }),
    ],
    [
      'StatefulSet',
      (name, pod) => ({
        apiVersion: apps,
        kind: 'StatefulSet',
        metadata: { name },
        spec: { serviceName: 'x', selector, template: pod },
      }),
    ],
    ['Job', (name, pod) => ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { template: pod } })],
  ];

  test.each(owners)(
    '%s: a restricted pod is made (control), one with the host’s network or our label is not, and an event says why',
    async (kind, owner) => {
      const restart = kind === 'Job' ? { restartPolicy: 'Never' } : {};
      const name = kind.toLowerCase();
      await send(owner(`${name}-good`, template(restart)), 'create', '--as=erin');
      await until(() => podsOf(`${name}-good`)).toHaveLength(1);
      await send(owner(`${name}-host`, template({ ...restart, hostNetwork: true })), 'create', '--as=erin');
      await send(owner(`${name}-label`, template(restart, { 'creel.dev/sandbox': 'box' })), 'create', '--as=erin');
      await until(eventsOf).toMatch(new RegExp(`${name}-host[^\\n]*neighbours\\.creel\\.dev[^\\n]*hostNetwork`));
      await until(eventsOf).toMatch(new RegExp(`${name}-label[^\\n]*labels and annotations of creel\\.dev`));
      expect(await podsOf(`${name}-host`)).toEqual([]);
      expect(await podsOf(`${name}-label`)).toEqual([]);
    },
  );
});

describe('K24 a Secret of another namespace', () => {
  const secretRef = { name: 'key', key: 'k', namespace: 'kube-system' };
  const profile = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'InferenceProfile',
    metadata: { name: 'foreign' },
    spec: { provider: 'OpenAI', endpoint: 'https://models.example.org/v1', model: 'm', credential: { secretRef } },
  };
  const rule = {
    name: 'r',
    to: [{ host: 'api.example.org', ports: [443] }],
    protocol: 'HTTP',
    http: { access: 'Full' },
    credential: { secretRef, as: 'Bearer' },
  };
  const policy = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'EgressPolicy',
    metadata: { name: 'foreign' },
    spec: { sandboxSelector: {}, allow: [rule] },
  };

  test.each([
    ['a profile', profile],
    ['a rule', policy],
  ])('cannot be named by %s', async (_what, object) => {
    const create = ['create', '--dry-run=server', '--output=json'];
    const strict = await refusalOf(send(object, ...create, '--validate=strict'));
    const ignored = await send(object, ...create, '--validate=ignore');
    expect(strict).toContain('secretRef.namespace');
    expect(strict).toContain('unknown field');
    expect(ignored).toContain('"secretRef"');
    expect(ignored).not.toContain('kube-system');
  });
});

describe('K31 a pod beside sandboxes', () => {
  const create = ['create', '--dry-run=server', '--as=erin'];

  test.each([
    ['without a name', { type: 'Localhost' }],
    ['with an empty name', { type: 'Localhost', localhostProfile: '' }],
    ['that climbs', { type: 'Localhost', localhostProfile: '../../evil.json' }],
    ['of the root', { type: 'Localhost', localhostProfile: '/etc/evil.json' }],
    ['that is none', { type: 'Unconfined' }],
  ])('a seccomp profile %s is refused', async (_what, profile) => {
    expect(await refusalOf(send(podWithProfile(profile), ...create))).not.toContain('let through');
  });

  test('a seccomp profile of the node is taken: a control', async () => {
    expect(await send(podWithProfile({ type: 'Localhost', localhostProfile: 'good.json' }), ...create)).toContain(
      'created',
    );
  });
});

describe('K29 a pod with more in it than anybody has', () => {
  const create = ['create', '--dry-run=server', '--as=erin'];

  test('is judged to the end: no policy gives up on its cost, none overlooks the last container', async () => {
    expect(await refusalOf(send(large(), ...create))).toContain('pod/profiled created');
    const tricked = { env: [{ name: 'NVIDIA_VISIBLE_DEVICES', value: 'all' }] };
    expect(await refusalOf(send(large(tricked), ...create))).toContain('devices.creel.dev');
    expect(await refusalOf(send(large({ securityContext: { privileged: true } }), ...create))).toContain('privileged');
  });
});

describe('a request', () => {
  const approval = { decision: { verdict: 'Approve', for: '1h', by: 'ann' } };

  test('A05 is not changed after it was seen, by nobody', async () => {
    await send(request('apr-fixed', 'seen.example.org'), 'create', operator);
    const other = { spec: { egress: { host: 'other.example.org' } } };
    for (const who of [[], ['--as=ann'], ['--as=erin'], [operator]])
      expect(await refusalOf(patch('apr-fixed', other, ...who)), who.join()).not.toContain('let through');
    expect(await refusalOf(patch('apr-fixed', other))).toContain('a request is immutable but for its decision');
    const both = { spec: { ...other.spec, ...approval } };
    expect(await refusalOf(patch('apr-fixed', both, '--as=ann'))).toContain(
      'a request is immutable but for its decision',
    );
    expect(await patch('apr-fixed', { spec: approval }, '--as=ann')).toContain('patched');
  });

  test('A06 made anew under the same name is not the one that was looked at', async () => {
    await send(request('apr-twice', 'seen.example.org'), 'create', operator);
    const uid = await kubectl('get', 'apr', 'apr-twice', '--output=jsonpath={.metadata.uid}');
    await kubectl('delete', 'apr', 'apr-twice', operator);
    await send(request('apr-twice', 'evil.example.org'), 'create', operator);
    const seen = { metadata: { uid }, spec: approval };
    expect(await refusalOf(patch('apr-twice', seen, '--as=ann'))).toMatch(/metadata\.uid: .*immutable/);
    const now = await kubectl('get', 'apr', 'apr-twice', '--output=jsonpath={.metadata.uid}');
    expect(await patch('apr-twice', { ...seen, metadata: { uid: now } }, '--as=ann')).toContain('patched');
  });

  test('A08 that comes approved by its status or an annotation is open all the same', async () => {
    const object = {
      ...request('apr-eager', 'eager.example.org'),
      status: { phase: 'Approved' },
    };
    const annotated = {
      ...object,
      metadata: { ...object.metadata, annotations: { approved: 'true', 'creel.dev/approved': 'true' } },
    };
    await send(annotated, 'create', operator);
    const stored = JSON.parse(await kubectl('get', 'apr', 'apr-eager', '--output=json')) as {
      spec: { decision?: object };
      status?: object;
    };
    expect(stored.spec.decision).toBe(undefined);
    expect(stored.status).toBe(undefined);
  });

  test('A24 is decided by nobody who writes policies alone', async () => {
    await send(request('apr-own', 'own.example.org'), 'create', operator);
    await kubectl('create', 'rolebinding', 'paul', '--clusterrole=creel-policy-admin', '--user=paul');
    const allow = [{ name: 'own', to: [{ host: 'own.example.org', ports: [443] }], protocol: 'TLS' }];
    const policy = {
      apiVersion: 'creel.dev/v1alpha1',
      kind: 'EgressPolicy',
      metadata: { name: 'own' },
      spec: { sandboxSelector: {}, allow },
    };
    await until(() => refusalOf(send(policy, 'apply', '--as=paul'))).toContain('let through');
    const decided = { spec: { decision: { verdict: 'Approve', for: '1h', by: 'paul' } } };
    expect(await refusalOf(patch('apr-own', decided, '--as=paul'))).toContain(
      'cannot patch resource "approvalrequests"',
    );
    const wider = { ...policy, metadata: { name: 'wider' } };
    expect(await refusalOf(send(wider, 'create', '--as=ann'))).toContain('cannot create resource "egresspolicies"');
  });
});

function large(bad: object = {}): object {
  const [main] = podWithProfile({ type: 'RuntimeDefault' }).spec.containers;
  const env = Array.from({ length: 100 }, (_, index) => ({ name: `VARIABLE_${index}`, value: 'x'.repeat(200) }));
  const volumes = Array.from({ length: 60 }, (_, index) => ({ name: `v${index}`, configMap: { name: `c${index}` } }));
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
  const containers = Array.from({ length: 40 }, (_, index) => ({ ...main, name: `c${index}`, env, volumeMounts }));
  const pod = podWithProfile({ type: 'RuntimeDefault' });
  return { ...pod, spec: { ...pod.spec, volumes, containers: [...containers, { ...main, name: 'last', ...bad }] } };
}
