// The chart as helm renders and installs it: what the operator may do, what people may do, and how its pod runs.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { resources } from '../operator/resources.ts';
import { CommandError } from '../test/cluster/base/run-command.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { chartFolder as chart, installChart, uninstallChart } from './testing/chart-release.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly (Omit<Rule, 'apiGroups' | 'resources'> & Partial<Rule>)[];
  readonly spec?: { readonly template?: { readonly spec: object } };
}

const operator = 'system:serviceaccount:creel-system:creel-operator';
const webhook = 'system:serviceaccount:creel-system:creel-webhook';
const kubectl = (...args: string[]) => currentCluster().kubectl(args);
const template = (...args: string[]) =>
  currentCluster().helm(['template', 'creel', chart, '--namespace=creel-system', '--kube-version=1.33.0', ...args]);
const render = async (...args: string[]) =>
  parseAllDocuments(await template(...args), { version: '1.1' }).flatMap(
    document => (document.toJS() as Manifest) ?? [],
  );

describe('rendered', () => {
  test('it is what was reviewed (`vitest -u` after a change)', async () => {
    await expect(await template()).toMatchFileSnapshot('chart.golden.yaml');
  });

  test('helm finds nothing to complain about', async () => {
    expect(await currentCluster().helm(['lint', chart, '--strict', '--kube-version=1.33.0'])).toContain(
      '0 chart(s) failed',
    );
  });

  test.each([
    ['a misspelt key', '--set=operator.replica=2', /replica/],
    ['no replica', '--set=operator.replicas=0', /replicas/],
    ['a resolver that is a name', '--set=clusterResolvers={dns.example.org}', /clusterResolvers/],
    ['a proxy without a port', '--set=upstreamProxy.url=http://proxy.example', /upstreamProxy/],
    ['a password in the url', '--set=upstreamProxy.url=http://me:pw@proxy.example:3128', /upstreamProxy/],
    ['an address of a receiver outside a Secret', '--set=notifier.url=https://hooks.example/T0', /notifier/],
    ['an unknown log level', '--set=operator.logLevel=loud', /logLevel/],
  ])('values are checked: %s', async (_what, setting, text) => {
    await expect(template(setting)).rejects.toThrow(text);
  });

  test('the policies name the operator of this release', async () => {
    const text = await currentCluster().helm([
      'template',
      'c',
      chart,
      '--namespace=elsewhere',
      '--kube-version=1.33.0',
    ]);
    expect(text.match(/system:serviceaccount:elsewhere:creel-operator/g)?.length).toBeGreaterThan(4);
    expect(text).not.toContain('system:serviceaccount:creel-system:');
  });

  test('without the webhook nothing of it is left; with one replica nothing holds a node up', async () => {
    expect(await template('--set=webhook.enabled=false')).not.toContain('creel-webhook');
    expect(await template()).toContain('kind: PodDisruptionBudget');
    expect(await template('--set=webhook.replicas=1')).not.toContain('kind: PodDisruptionBudget');
  });

  test('nothing of Creel itself or of the cluster waits for the webhook, and no pod does', async () => {
    const text = await template();
    const configurations = text
      .split('\n---\n')
      .filter(part => /kind: (Mut|Valid)ating\w*WebhookConfiguration/.test(part));
    const hooks = configurations.flatMap(part => part.split(/\n- name: /).slice(1));
    expect(hooks.map(hook => hook.split('\n')[0])).toEqual([
      'authors.creel.dev',
      'deciders.creel.dev',
      'specs.creel.dev',
      'decisions.creel.dev',
    ]);
    for (const hook of hooks) {
      expect(hook).toContain('operator: NotIn, values: [creel-system, kube-system]');
      expect(hook).toContain('apiGroups: [creel.dev]');
      expect(hook).toContain('sideEffects: None');
      expect(hook).toContain(hook.startsWith('specs.') ? 'failurePolicy: Fail' : 'failurePolicy: Ignore');
    }
  });

  test('the preset for many tenants is taken, and lets nobody’s images run until it is told whose', async () => {
    const text = await template(`--values=${chart}/values-multi-tenant.yaml`);
    expect(text).toContain('images.repositories: ""');
    expect(text).toContain('isolation.landlock: "Required"');
    expect(text.match(/^ {2}name: guardrail-(placement|images|isolation).creel.dev$/gm)).toHaveLength(6);
    expect(await template()).not.toContain('name: guardrail-');
  });

  test('K36 the API server takes one install: a second one is refused by what the first owns', async () => {
    await installChart();
    const helm = ['install', 'second', chart, '--namespace=elsewhere', '--create-namespace', '--dry-run=server'];
    await expect(currentCluster().helm(helm)).rejects.toThrow(/exists and cannot be imported into the current release/);
    await uninstallChart();
    expect(await currentCluster().helm(helm)).toContain('STATUS: pending-install');
  });

  test('options reach the operator', async () => {
    const args = [
      '--set=clusterResolvers={10.96.0.10,169.254.20.10}',
      '--set=extraCa=PEM',
      '--set=operator.replicas=3',
      '--set=upstreamProxy.url=http://proxy.corp.example:3128',
      '--set=upstreamProxy.secretName=proxy',
      '--set=upstreamProxy.noProxy={**.corp.example,10.0.0.0/8}',
      '--set=upstreamProxy.cidrs={10.1.2.3/32}',
      '--set=notifier.secretName=hook',
      '--set=notifier.format=Slack',
      '--set=notifier.digestSeconds=60',
    ];
    const text = await template(...args);
    expect(text).toContain('{name: CREEL_CLUSTER_RESOLVERS, value: "10.96.0.10,169.254.20.10"}');
    expect(text).toContain('{name: CREEL_EXTRA_CA, value: "PEM"}');
    expect(text).toContain('{name: CREEL_UPSTREAM_PROXY, value: "http://proxy.corp.example:3128"}');
    expect(text).toContain('valueFrom: {secretKeyRef: {name: "proxy", key: "userPassword"}}');
    expect(text).toContain('{name: CREEL_UPSTREAM_NO_PROXY, value: "**.corp.example,10.0.0.0/8"}');
    expect(text).toContain('{name: CREEL_UPSTREAM_PROXY_CIDRS, value: "10.1.2.3/32"}');
    expect(text).toContain('valueFrom: {secretKeyRef: {name: "hook", key: "url"}}');
    expect(text).toContain('{name: CREEL_NOTIFY_FORMAT, value: Slack}');
    expect(text).toContain('{name: CREEL_NOTIFY_DIGEST_SECONDS, value: "60"}');
    expect(text).toContain('{name: CREEL_NOTIFY_PLAIN_HTTP, value: "false"}');
    expect(text).toContain('rollingUpdate: {maxUnavailable: 2, maxSurge: 0}');
  });
});

describe('rights', () => {
  test('no wildcard, no verb that makes rights, no way into nodes', async () => {
    for (const { name, rule } of await rulesOf(() => true)) {
      expect([...rule.apiGroups, ...rule.resources, ...rule.verbs], name).not.toContain('*');
      for (const verb of ['escalate', 'bind', 'impersonate']) expect(rule.verbs, name).not.toContain(verb);
      const people = ['ClusterRole/creel-user', 'ClusterRole/creel-admin'];
      const ways = ['nodes/proxy', 'serviceaccounts/token', ...(people.includes(name) ? [] : ['pods/exec'])];
      for (const resource of ways) expect(rule.resources, name).not.toContain(resource);
    }
  });

  test('Secrets: its own certificate by name, and what an administrator binds per namespace', async () => {
    const secrets = (await rulesOf(() => true)).filter(({ rule }) => rule.resources.includes('secrets'));
    expect(secrets.map(({ name, rule }) => [name, rule.resourceNames, rule.verbs])).toEqual([
      ['ClusterRole/creel-credentials', undefined, ['get']],
      ['Role/creel-operator', undefined, ['create']],
      ['Role/creel-operator', ['creel-hub-tls'], ['get', 'patch']],
      ['Role/creel-webhook', undefined, ['create']],
      ['Role/creel-webhook', ['creel-webhook-tls'], ['get', 'patch']],
    ]);
  });

  test('the operator may watch every resource it keeps a store of', async () => {
    const rules = await rulesOf(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'creel-operator');
    const watched = Object.values(resources).filter(
      ({ plural }) => !['secrets', 'tokenreviews', 'subjectaccessreviews'].includes(plural),
    );
    for (const { group, plural } of watched) {
      const rule = rules.find(entry => entry.rule.apiGroups.includes(group) && entry.rule.resources.includes(plural));
      expect(rule?.rule.verbs, plural).toEqual(expect.arrayContaining(['get', 'list', 'watch']));
    }
  });
});

describe('installed', () => {
  const namespace = testNamespace('chart');
  const restricted = testNamespace('chart-restricted', { 'pod-security.kubernetes.io/enforce': 'restricted' });

  beforeAll(async () => {
    await installChart([]);
    for (const [name, role] of Object.entries({ vera: 'view', ed: 'edit', ada: 'admin', ann: 'creel-approver' }))
      await kubectl('create', 'rolebinding', name, `--clusterrole=${role}`, `--user=${name}`, '-n', namespace);
  });
  afterAll(uninstallChart);

  test.each([
    ['vera', 'get', 'approvalrequests', 'yes'],
    ['vera', 'create', 'sandboxes', 'no'],
    ['ed', 'create', 'sandboxes', 'yes'],
    ['ed', 'create', 'egresspolicies', 'no'],
    ['ed', 'create', 'inferenceprofiles', 'no'],
    ['ed', 'patch', 'approvalrequests', 'no'],
    ['ada', 'create', 'egresspolicies', 'yes'],
    ['ada', 'approve', 'approvalrequests', 'no'],
    ['ann', 'approve', 'approvalrequests', 'yes'],
    ['ann', 'patch', 'approvalrequests', 'yes'],
    ['ann', 'create', 'sandboxes', 'no'],
    [operator, 'approve', 'approvalrequests', 'no'],
    [operator, 'patch', 'approvalrequests', 'no'],
    [operator, 'create', 'approvalrequests', 'yes'],
    [operator, 'create', 'pods', 'yes'],
    [operator, 'get', 'secrets', 'no'],
    [operator, 'create', 'pods/exec', 'no'],
    [operator, 'create', 'rolebindings', 'no'],
    [webhook, 'get', 'secrets', 'no'],
    [webhook, 'list', 'egresspolicies', 'yes'],
    [webhook, 'patch', 'egresspolicies', 'no'],
    [webhook, 'get', 'sandboxes', 'no'],
    [webhook, 'list', 'pods', 'no'],
    [webhook, 'create', 'mutatingwebhookconfigurations', 'no'],
  ])('%s may %s %s: %s', async (user, verb, resource, answer) => {
    const [plural = '', subresource = ''] = resource.split('/');
    const question = ['auth', 'can-i', verb, plural, `--subresource=${subresource}`, '-n', namespace, `--as=${user}`];
    await expect.poll(() => said(question), { timeout: 15_000 }).toBe(answer);
  });

  test.each(['validating', 'mutating'])(
    'the webhook may have itself trusted in its own %s configuration, and in no other',
    async kind => {
      const may = (name: string) =>
        said(['auth', 'can-i', 'patch', `${kind}webhookconfigurations/${name}`, `--as=${webhook}`]);
      await expect.poll(() => may('creel-webhook'), { timeout: 15_000 }).toBe('yes');
      expect(await may('another')).toBe('no');
    },
  );

  test('once bound, the operator reads the keys of that namespace and of no other', async () => {
    const binding = ['create', 'rolebinding', 'creel-credentials', '--clusterrole=creel-credentials', '-n', namespace];
    await currentCluster().kubectl([...binding, '--serviceaccount=creel-system:creel-operator']);
    await expect.poll(() => mayReadSecrets(namespace), { timeout: 15_000 }).toBe('yes');
    expect(await mayReadSecrets(restricted)).toBe('no');
    expect(await mayReadSecrets('creel-system')).toBe('no');
  });

  test.each(['creel-operator', 'creel-webhook'])(
    'the pod of %s meets the Pod Security Standard "restricted"',
    async name => {
      const deployment = (await render()).find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name);
      const spec = { ...deployment?.spec?.template?.spec, serviceAccountName: 'default' };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'operator' }, spec };
      await currentCluster().kubectl(['wait', '--for=create', 'serviceaccount/default', '-n', restricted]);
      const create = ['create', '--dry-run=server', '--filename=-', '-n', restricted];
      expect(await currentCluster().kubectl(create, { stdin: JSON.stringify(pod) })).toContain('pod/operator created');
    },
  );
});

function mayReadSecrets(namespace: string): Promise<string> {
  return said(['auth', 'can-i', 'get', 'secrets', '-n', namespace, `--as=${operator}`]);
}

/** yes or no; kubectl exits with 1 for no. */
async function said(args: readonly string[]): Promise<string> {
  try {
    return (await currentCluster().kubectl(args)).trim();
  } catch (error) {
    if (error instanceof CommandError) return error.stdout.trim();
    throw error;
  }
}

async function rulesOf(wanted: (manifest: Manifest) => boolean): Promise<{ name: string; rule: Rule }[]> {
  const roles = (await render()).filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role').filter(wanted);
  return roles.flatMap(({ kind, metadata, rules }) =>
    // A rule of paths has neither groups nor resources.
    (rules ?? []).map(rule => ({
      name: `${kind}/${metadata.name}`,
      rule: { ...rule, apiGroups: rule.apiGroups ?? [], resources: rule.resources ?? [] },
    })),
  );
}
