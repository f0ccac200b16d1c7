import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiVersion } from '../crds/schema/group.ts';
import { waitUntil } from '../test/cluster/base/wait-until.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import type { OperatorProcess } from './testing/operator-process.ts';
import { installOperator, startOperator } from './testing/start-operator.ts';

const system = testNamespace('op-system');
const namespace = testNamespace('op', { 'creel.dev/sandboxes': 'true' });
let operator: OperatorProcess;
let uninstall: () => Promise<void>;

beforeAll(async () => {
  uninstall = await installOperator(system);
  operator = await startOperator(system);
}, 120_000);
afterAll(async () => {
  await operator?.stop('SIGTERM');
  await uninstall?.();
});

interface Seen {
  readonly metadata: { readonly resourceVersion: string; readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
    readonly sandboxes?: object;
  };
}

async function create(kind: string, name: string, spec: object): Promise<void> {
  const object = { apiVersion, kind, metadata: { name, namespace }, spec };
  await currentCluster().kubectl(['apply', '--filename=-'], { stdin: JSON.stringify(object) });
}

async function read(kind: string, name: string): Promise<Seen> {
  return JSON.parse(
    await currentCluster().kubectl(['get', kind, name, `--namespace=${namespace}`, '--output=json']),
  ) as Seen;
}

/** The condition once it has this reason. */
function condition(kind: string, name: string, type: string, reason: string) {
  return waitUntil(
    async () =>
      (await read(kind, name)).status?.conditions?.find(entry => entry.type === type && entry.reason === reason),
    {
      what: `${kind} ${name} to be ${type} with reason ${reason}`,
      timeoutMs: 20_000,
      explain: () => operator.log.slice(-5).join('\n'),
    },
  );
}

const kubectl = (args: readonly string[]) => currentCluster().kubectl(args);

test('a policy that is understood is Accepted, and nobody to enforce it is said', async () => {
  const to = [{ host: 'api.example.com', ports: [443] }];
  await create('EgressPolicy', 'good', { sandboxSelector: {}, allow: [{ name: 'api', to, protocol: 'TLS' }] });
  expect(await condition('egp', 'good', 'Accepted', 'Accepted')).toMatchObject({ status: 'True' });
  expect(await condition('egp', 'good', 'Enforced', 'NoSandboxes')).toMatchObject({ status: 'Unknown' });
});

test('a rule that allows nothing is named with the field and the remedy', async () => {
  const to = [{ host: '*.com', ports: [443] }];
  await create('EgressPolicy', 'bad', { sandboxSelector: {}, allow: [{ name: 'wide', to, protocol: 'TLS' }] });
  const accepted = await condition('egp', 'bad', 'Accepted', 'PublicSuffix');
  expect(accepted).toMatchObject({
    status: 'False',
    message: expect.stringMatching(/rule wide .*\*\.com.*name the domain/),
  });
});

test('a policy whose own tests fail is not Accepted, and the first failures are named', async () => {
  const allow = [
    { name: 'api', to: [{ host: 'api.example.com', ports: [443] }], protocol: 'HTTP', http: { access: 'ReadOnly' } },
  ];
  const request = { host: 'api.example.com', port: 443, method: 'DELETE', path: '/x' };
  await create('EgressPolicy', 'tested', { sandboxSelector: {}, allow, tests: [{ request, expect: 'Allow' }] });
  expect(await condition('egp', 'tested', 'Accepted', 'TestsFailed')).toMatchObject({
    status: 'False',
    message: expect.stringMatching(
      /^tests\[0\] fails: api\.example\.com:443 DELETE \/x is Ask .*kubectl creel policy test/,
    ),
  });
  await create('EgressPolicy', 'tested', { sandboxSelector: {}, allow, tests: [{ request, expect: 'Ask' }] });
  expect(await condition('egp', 'tested', 'Accepted', 'Accepted')).toMatchObject({ status: 'True' });
});

const ruleWith = (change: object) => ({
  sandboxSelector: {},
  allow: [{ name: 'r', to: [{ host: 'api.example.com', ports: [443] }], protocol: 'TLS', ...change }],
});

test('P18, P24, P30 what no rule may be is refused at once or allows nothing, by name', async () => {
  const refusedAtOnce: readonly [string, object, RegExp][] = [
    ['a name that is a command', { name: '"; accept; #' }, /allow\[0\]\.name/],
    ['a substitution', { name: '$(id)' }, /allow\[0\]\.name/],
    ['a flag as host', { to: [{ host: '--flag /x', ports: [443] }] }, /host/],
    ['a port that is text', { to: [{ host: 'a.example', ports: ['443; accept'] }] }, /ports/],
    ['a block that is a rule', { to: [{ cidr: '10.0.0.0/8; accept', ports: [443] }] }, /cidr/],
    ['a flag as binary', { binaries: ['--flag'] }, /binaries/],
  ];
  for (const [what, change, text] of refusedAtOnce)
    await expect(create('EgressPolicy', 'never', ruleWith(change)), what).rejects.toThrow(text);
  const inVain: readonly [string, object, string][] = [
    ['p18', { htttp: {} }, 'UnknownField'],
    ['p24-metadata', { to: [{ cidr: '169.254.0.0/16', ports: [80] }] }, 'NeverReachable'],
    ['p24-loopback', { to: [{ cidr: '127.0.0.0/8', ports: [80] }] }, 'NeverReachable'],
    ['p24-octal', { to: [{ cidr: '010.0.0.0/8', ports: [80] }] }, 'BadCidr'],
  ];
  for (const [name, change, reason] of inVain) {
    await create('EgressPolicy', name, ruleWith(change));
    expect(await condition('egp', name, 'Accepted', reason), name).toMatchObject({ status: 'False' });
  }
});

test('a profile goes from no right, to no Secret, to no hosts, to ready, each with the command to type', async () => {
  const spec = {
    provider: 'OpenAI',
    endpoint: 'https://models.example.com/v1',
    model: 'm',
    credential: { secretRef: { name: 'key', key: 'token' } },
  };
  const look = (seen: string) =>
    kubectl(['annotate', 'ifp', 'cloud', `--namespace=${namespace}`, '--overwrite', `seen=${seen}`]);
  await create('InferenceProfile', 'cloud', spec);
  const denied = await condition('ifp', 'cloud', 'Ready', 'SecretAccessDenied');
  const command = /kubectl (create rolebinding .*)$/.exec(denied.message)?.[1] ?? '';
  await kubectl(command.split(' '));
  await look('1');
  await condition('ifp', 'cloud', 'Ready', 'SecretNotFound');
  await kubectl(['create', 'secret', 'generic', 'key', `--namespace=${namespace}`, '--from-literal=token=sk-test-1']);
  await look('2');
  const unnamed = await condition('ifp', 'cloud', 'Ready', 'SecretHostsMissing');
  await kubectl((/kubectl (annotate .*)$/.exec(unnamed.message)?.[1] ?? '').split(' '));
  await look('3');
  expect(await condition('ifp', 'cloud', 'Ready', 'Routable')).toMatchObject({ status: 'True' });
  expect(JSON.stringify(await read('ifp', 'cloud'))).not.toContain('sk-test-1');
  expect(operator.log.join('\n')).not.toContain('sk-test-1');
});

test('a rule that names a Secret without its owner’s word is refused by name until the annotation lists the host', async () => {
  const rule = {
    name: 'api',
    to: [{ host: 'git.example.com', ports: [443] }],
    protocol: 'HTTP',
    http: { access: 'ReadOnly' },
    credential: { secretRef: { name: 'rule-key', key: 'token' }, as: 'Bearer' },
  };
  const secret = (args: readonly string[]) => kubectl([...args, `--namespace=${namespace}`]);
  await create('EgressPolicy', 'signed', { sandboxSelector: {}, allow: [rule] });
  expect(await condition('egp', 'signed', 'Accepted', 'SecretNotFound')).toMatchObject({
    status: 'False',
    message: expect.stringMatching(/rule api .*kubectl create secret generic rule-key/),
  });
  await secret(['create', 'secret', 'generic', 'rule-key', '--from-literal=token=sk-test-2']);
  await secret(['annotate', 'egp', 'signed', 'seen=1']);
  const unnamed = await condition('egp', 'signed', 'Accepted', 'SecretHostsMissing');
  await secret(['annotate', 'secret', 'rule-key', 'creel.dev/allowed-hosts=other.example.com']);
  await secret(['annotate', 'egp', 'signed', '--overwrite', 'seen=2']);
  await condition('egp', 'signed', 'Accepted', 'SecretHostNotAllowed');
  await kubectl((/kubectl (annotate .*)$/.exec(unnamed.message)?.[1] ?? '').split(' '));
  await secret(['annotate', 'egp', 'signed', '--overwrite', 'seen=3']);
  expect(await condition('egp', 'signed', 'Accepted', 'Accepted')).toMatchObject({ status: 'True' });
  expect(JSON.stringify(await read('egp', 'signed'))).not.toContain('sk-test-2');
  expect(operator.log.join('\n')).not.toContain('sk-test-2');
});

test('a restarted operator takes over at once and writes nothing that is already said', async () => {
  const names = [
    ['egp', 'good'],
    ['egp', 'bad'],
    ['ifp', 'cloud'],
  ] as const;
  const versions = () =>
    Promise.all(names.map(async ([kind, name]) => (await read(kind, name)).metadata.resourceVersion));
  const before = await versions();
  expect(await operator.stop('SIGTERM')).toBe(0);
  const startedMs = performance.now();
  operator = await startOperator(system);
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  // A policy made now is answered after the old ones, which are in the queues before it.
  await create('EgressPolicy', 'later', { sandboxSelector: {} });
  await condition('egp', 'later', 'Accepted', 'Accepted');
  expect(await versions()).toEqual(before);
});

test('a lost lease ends the operator, with an error', async () => {
  const patch = JSON.stringify({ spec: { holderIdentity: 'somebody-else' } });
  const ended = new Promise<number | null>(resolve => {
    operator.process.once('exit', resolve);
  });
  await currentCluster().kubectl([
    'patch',
    'lease',
    'creel-operator',
    `--namespace=${system}`,
    '--type=merge',
    `--patch=${patch}`,
  ]);
  expect(await ended).toBe(1);
  expect(operator.log.join('\n')).toContain('leadership lost');
});
