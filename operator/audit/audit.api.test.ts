// K40, A24: one record for every decision and for every change of a policy, of the real operator, over its restarts.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../../test/cluster/base/wait-until.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { testNamespace } from '../../test/cluster/test-namespace.ts';
import { installOperator, startOperator } from '../testing/start-operator.ts';
import { auditVersion } from './create-audit-log.ts';

const system = testNamespace('audit-system');
const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('audit', labels);
let operator: Awaited<ReturnType<typeof startOperator>>;
let uninstall: () => Promise<void>;
/** Lines of the operators before this one. */
const earlier: string[] = [];

beforeAll(async () => {
  uninstall = await installOperator(system);
  operator = await startOperator(system);
}, 120_000);
afterAll(async () => {
  await operator?.stop('SIGTERM');
  await uninstall?.();
});

type Line = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly type: string;
  readonly object: { readonly kind: string; readonly name: string; readonly namespace?: string };
};

const kubectl = (args: readonly string[], stdin?: string) =>
  currentCluster().kubectl(['-n', namespace, ...args], stdin === undefined ? {} : { stdin });
const apply = (kind: string, name: string, spec: object, annotations: object = {}) =>
  kubectl(
    ['apply', '--filename=-'],
    JSON.stringify({ apiVersion: 'creel.dev/v1alpha1', kind, metadata: { name, annotations }, spec }),
  );
const lines = (): readonly Line[] =>
  [...earlier, ...operator.log].filter(text => text.startsWith('{"log":"audit"')).map(text => JSON.parse(text) as Line);
const recorded = (what: string, holds: (line: Line) => boolean): Promise<Line> =>
  waitUntil(() => lines().find(holds), {
    what: `a record of ${what}`,
    timeoutMs: 20_000,
    explain: () => operator.log.slice(-5).join('\n'),
  });
const of = (type: string, name: string) => (line: Line) => line.type === type && line.object.name === name;

async function requestOf(sandbox: string): Promise<string> {
  return await waitUntil(
    async () => {
      const { items } = JSON.parse(await kubectl(['get', 'apr', '--output=json'])) as {
        items: { metadata: { name: string }; spec: { sandbox: { name: string } } }[];
      };
      return items.find(({ spec }) => spec.sandbox.name === sandbox)?.metadata.name;
    },
    { what: 'a request', timeoutMs: 20_000 },
  );
}
const decide = (name: string, decision: object) =>
  kubectl(['patch', 'apr', name, '--type=merge', `--patch=${JSON.stringify({ spec: { decision } })}`]);

test('K40 asked, denied, approved after all: who, what exactly, for how long', async () => {
  await apply('Sandbox', 'worker', { image: 'i', gpu: { count: 2 } });
  const name = await requestOf('worker');
  const asked = await recorded('the question', of('Asked', name));
  const uid = await kubectl(['get', 'apr', name, '--output=jsonpath={.metadata.uid}']);
  const sandboxUid = await kubectl(['get', 'csb', 'worker', '--output=jsonpath={.metadata.uid}']);
  expect(asked).toMatchObject({
    log: 'audit',
    version: auditVersion,
    time: expect.stringMatching(/^2\d{3}-.*Z$/),
    id: `${uid}:asked`,
    object: { kind: 'ApprovalRequest', namespace, name, uid },
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    sandbox: { name: 'worker', uid: sandboxUid },
    gpu: { resource: 'nvidia.com/gpu', count: 2 },
  });
  await decide(name, { verdict: 'Deny', by: 'alice', reason: 'too dear' });
  const denied = await recorded('the denial', line => of('Decision', name)(line) && line['verdict'] === 'Deny');
  expect(denied).toMatchObject({ user: 'alice', reason: 'too dear', digest: asked['digest'], id: `${uid}:2:decision` });
  await decide(name, { verdict: 'Approve', for: '1h', by: 'bob', reason: null });
  const approved = await recorded('the approval', line => of('Decision', name)(line) && line['verdict'] === 'Approve');
  expect(approved).toMatchObject({ user: 'bob', for: '1h', id: `${uid}:3:decision`, expiresAt: expect.any(String) });
  await decide(name, { verdict: 'Revoke', for: null, by: 'alice' });
  await recorded('the revocation', line => of('Decision', name)(line) && line['verdict'] === 'Revoke');
});

const rule = (host: string) => ({ name: 'r', to: [{ host, ports: [443] }], protocol: 'TLS' });
const policy = (...hosts: string[]) => ({
  sandboxSelector: {},
  allow: hosts.map(host => ({ ...rule(host), name: host.split('.')[0] })),
});

test('A24 allowed by editing a policy: the same log says who, and whether more is allowed', async () => {
  await apply('EgressPolicy', 'web', policy('a.example.com'), { 'creel.dev/changed-by': '1 carol' });
  expect(await recorded('the new policy', of('PolicyChanged', 'web'))).toMatchObject({
    user: 'carol',
    widens: 'Possibly',
    rules: 1,
  });
  await apply('EgressPolicy', 'web', policy('a.example.com', 'b.example.com'), { 'creel.dev/changed-by': '2 dave' });
  const wider = (line: Line) => of('PolicyChanged', 'web')(line) && line.id.endsWith(':2:changed');
  expect(await recorded('the wider one', wider)).toMatchObject({ user: 'dave', widens: 'Possibly', rules: 2 });
  // The stamp is of another generation: nobody is named for this change.
  await apply('EgressPolicy', 'web', policy('b.example.com'), { 'creel.dev/changed-by': '2 dave' });
  const narrower = await recorded(
    'the narrower one',
    line => line.id.endsWith(':3:changed') && line.object.name === 'web',
  );
  expect(narrower).toMatchObject({ widens: 'No', rules: 1 });
  expect(narrower).not.toHaveProperty('user');
  await kubectl(['delete', 'egp', 'web']);
  await recorded('the deletion', of('PolicyDeleted', 'web'));
});

test('overrides: a freeze and its end, a ceiling', async () => {
  const nowhere = { namespaceSelector: { matchLabels: { none: namespace } } };
  await apply('ClusterEgressPolicy', namespace, { ...nowhere, freeze: true });
  try {
    const changes = (generation: number) => (line: Line) =>
      of('PolicyChanged', namespace)(line) && line.id.endsWith(`:${generation}:changed`);
    expect(await recorded('the freeze', changes(1))).toMatchObject({ freeze: true });
    await apply('ClusterEgressPolicy', namespace, { ...nowhere, freeze: false, ceiling: { maxDuration: '1h' } });
    expect(await recorded('its end', changes(2))).toMatchObject({
      freeze: false,
      widens: 'Possibly',
      ceiling: { maxDuration: '1h' },
    });
  } finally {
    await kubectl(['delete', 'cegp', namespace]);
  }
});

test('a killed operator: the next one records what was not, and repeats nothing that its status says was', async () => {
  await apply('Sandbox', 'second', { image: 'i', gpu: {} });
  const name = await requestOf('second');
  await recorded('the question', of('Asked', name));
  await waitUntil(
    async () =>
      (await kubectl(['get', 'apr', name, '--output=jsonpath={.status.phase}'])) === 'Pending' ? true : undefined,
    { what: 'the status', timeoutMs: 10_000 },
  );
  await operator.stop('SIGKILL');
  await decide(name, { verdict: 'Deny', by: 'erin' });
  const before = lines().map(({ id }) => id);
  earlier.push(...operator.log);
  operator = await startOperator(system);
  expect(await recorded('the denial', of('Decision', name))).toMatchObject({ user: 'erin', verdict: 'Deny' });
  // Later than everything that could have been repeated.
  await apply('EgressPolicy', 'last', policy('z.example.com'));
  await recorded('the last one', of('PolicyChanged', 'last'));
  expect(new Set(before).size).toBe(before.length);
  const all = lines().map(({ id }) => id);
  expect(all.filter((id, at) => all.indexOf(id) !== at)).toEqual([]);
});
