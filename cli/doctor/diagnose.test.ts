import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { neededRights } from './checks/namespace.ts';
import { diagnose } from './diagnose.ts';
import { expectedAdmission } from './expected-admission.ts';
import type { Definition, Deployment, Facts, Node, WebhookConfiguration } from './facts.ts';
import { formatFindings } from './format-findings.ts';

const root = join(import.meta.dirname, '../..');
const yes = <T>(value: T) => ({ ok: true, value }) as const;
const no = (why: string) => ({ ok: false, why }) as const;

const definitions = [
  'sandboxes',
  'egresspolicies',
  'clusteregresspolicies',
  'inferenceprofiles',
  'approvalrequests',
].map(plural => ({
  ...(parse(readFileSync(join(root, `crds/creel.dev_${plural}.yaml`), 'utf8')) as Definition),
  status: { conditions: [{ type: 'Established', status: 'True' as const, message: '' }] },
}));
const operator: Deployment = {
  metadata: { name: 'creel-operator', namespace: 'creel-system', labels: { 'app.kubernetes.io/version': '0.1.0' } },
  spec: { template: { spec: { containers: [{ image: 'operator' }] } } },
  status: { readyReplicas: 1 },
};
const node: Node = {
  metadata: { name: 'n1' },
  status: {
    nodeInfo: {
      kernelVersion: '6.18.2',
      osImage: 'Linux',
      operatingSystem: 'linux',
      architecture: 'amd64',
      containerRuntimeVersion: 'containerd://2.2.0',
      kubeletVersion: 'v1.35.4',
    },
    runtimeHandlers: [{ name: '', features: { userNamespaces: true } }],
    conditions: [{ type: 'Ready', status: 'True', message: 'kubelet is posting ready status. AppArmor enabled' }],
  },
};
const withKernel = (kernelVersion: string): Node => ({
  ...node,
  status: { ...node.status, nodeInfo: { ...node.status.nodeInfo, kernelVersion } },
});

/** A certificate of openssl's, that ends in so many days. */
function caBundle(days: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'creel-doctor-'));
  try {
    const [key, certificate] = [join(folder, 'key'), join(folder, 'certificate')];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=t',
      '-days',
      String(days),
    ];
    execFileSync('openssl', [...args, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    return readFileSync(certificate).toString('base64');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const webhook = (bundle: string): WebhookConfiguration => ({
  metadata: { name: 'creel-webhook' },
  webhooks: [{ name: 'specs.creel.dev', failurePolicy: 'Fail', clientConfig: { caBundle: bundle } }],
});
const bundle = caBundle(90);

const facts: Facts = {
  nowMs: Date.now(),
  namespace: 'agents',
  server: yes({ gitVersion: 'v1.35.4' }),
  definitions: yes(definitions),
  operators: yes([operator]),
  webhooks: yes([webhook(bundle)]),
  webhookTrial: yes('answered'),
  policies: yes(expectedAdmission.map(name => ({ metadata: { name } }))),
  bindings: yes(
    expectedAdmission.map(name => ({ metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } })),
  ),
  nodes: yes([node]),
  sandboxes: yes([]),
  home: yes({
    metadata: {
      name: 'agents',
      labels: { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' },
    },
  }),
  profiles: yes([]),
  secrets: new Map(),
  rights: new Map(neededRights.map(right => [right, yes(true)])),
};
const find = (over: Partial<Facts>, check: string) =>
  diagnose({ ...facts, ...over }).find(finding => finding.check === check);
const sandboxWith = (type: string, status: string) => ({
  metadata: { name: 'a', namespace: 'agents' },
  spec: { image: 'i' },
  status: { conditions: [{ type, status, reason: 'R', message: 'the canary got through', lastTransitionTime: '' }] },
});

test('a cluster where all is well fails nothing', () => {
  const bad = diagnose(facts).filter(({ status }) => status !== 'ok');
  expect(bad.map(({ check, status }) => [check, status])).toEqual([
    ['NetworkPolicy', 'warn'],
    ['Default profile', 'warn'],
  ]);
});

test('where nothing of Creel is installed, it is said once', () => {
  const found = diagnose({ ...facts, definitions: yes([]), operators: yes([]), policies: yes([]) });
  expect(found.filter(({ status }) => status === 'fail')).toMatchObject([
    {
      check: 'Creel',
      message: expect.stringContaining('not installed'),
      try: [expect.stringContaining('helm upgrade')],
    },
  ]);
  expect(found.map(({ check }) => check)).toContain('nf_tables');
});

describe('what is wrong is found, with what to type', () => {
  test.each<[string, Partial<Facts>, string, 'warn' | 'fail', RegExp]>([
    ['an old API server', { server: yes({ gitVersion: 'v1.32.9' }) }, 'API server', 'fail', /needs Kubernetes 1\.33/],
    ['a kind that is missing', { definitions: yes(definitions.slice(1)) }, 'CRDs', 'fail', /Sandbox is missing/],
    ['no operator', { operators: yes([]) }, 'Operator', 'fail', /no Deployment/],
    ['two operators', { operators: yes([operator, operator]) }, 'Operator', 'fail', /against each other/],
    [
      'an operator that is not ready',
      { operators: yes([{ ...operator, status: {} }]) },
      'Operator',
      'fail',
      /no ready pod/,
    ],
    [
      'another version',
      {
        operators: yes([
          { ...operator, metadata: { ...operator.metadata, labels: { 'app.kubernetes.io/version': '0.9.0' } } },
        ]),
      },
      'Versions',
      'warn',
      /0\.9\.0/,
    ],
    ['no webhook', { webhooks: yes([]) }, 'Webhook', 'warn', /absent/],
    [
      'a webhook that is dead',
      { webhookTrial: no('failed calling webhook "specs.creel.dev": no endpoints') },
      'Webhook',
      'fail',
      /does not answer/,
    ],
    ['a webhook that may not be asked', { webhookTrial: no('User cannot create') }, 'Webhook', 'warn', /not asked/],
    ['no bundle', { webhooks: yes([webhook('')]) }, 'Webhook certificate', 'fail', /cannot trust it/],
    ['a bundle that has ended', { nowMs: Date.now() + 100 * 86_400_000 }, 'Webhook certificate', 'fail', /ended/],
    [
      'a bundle about to end',
      { nowMs: Date.now() + 86 * 86_400_000 },
      'Webhook certificate',
      'warn',
      /has not been renewed/,
    ],
    ['no admission policies', { policies: yes([]) }, 'Admission policies', 'fail', /missing: approval-deciders/],
    [
      'an admission policy that only warns',
      {
        bindings: yes(
          expectedAdmission
            .slice(1)
            .map(name => ({ metadata: { name }, spec: { policyName: name, validationActions: ['Warn'] } })),
        ),
      },
      'Admission policies',
      'fail',
      /without a binding/,
    ],
    [
      'a CNI that enforces nothing',
      { sandboxes: yes([sandboxWith('NetworkPolicyEnforced', 'False') as never]) },
      'NetworkPolicy',
      'fail',
      /the canary got through/,
    ],
    ['a probe that got through', { probe: yes({ open: true, closed: true }) }, 'NetworkPolicy', 'fail', /not enforced/],
    [
      'a probe that reached nothing',
      { probe: yes({ open: false, closed: false }) },
      'NetworkPolicy',
      'warn',
      /unclear/,
    ],
    [
      'a fence that broke',
      { sandboxes: yes([sandboxWith('FenceVerified', 'False') as never]) },
      'Fence',
      'fail',
      /agents\/a/,
    ],
    [
      'a kernel without Landlock',
      { nodes: yes([withKernel('5.4.0-100-generic')]) },
      'Landlock',
      'warn',
      /n1: kernel older than 5\.13/,
    ],
    [
      'a kernel without nf_tables',
      { nodes: yes([withKernel('3.10.0')]) },
      'nf_tables',
      'fail',
      /fence cannot be built/,
    ],
    [
      'a runtime without user namespaces',
      { nodes: yes([{ ...node, status: { ...node.status, runtimeHandlers: [] } }]) },
      'User namespaces',
      'warn',
      /not on n1/,
    ],
    ['nodes that may not be read', { nodes: no('User cannot list nodes') }, 'Nodes', 'warn', /cannot list/],
    [
      'a namespace that is none for sandboxes',
      { home: yes({ metadata: { name: 'agents' } }) },
      'Namespace agents',
      'warn',
      /is none for sandboxes/,
    ],
    [
      'a right that is missing',
      { rights: new Map([...facts.rights, ['approve approvalrequests', yes(false)]]) },
      'Your rights',
      'warn',
      /./,
    ],
  ])('%s', (_what, over, check, status, message) => {
    const found = diagnose({ ...facts, ...over }).filter(
      finding => finding.check === check && finding.status === status,
    );
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toMatch(message);
  });

  test('a CRD from before a field that this version knows is old, and the field is named', () => {
    const [first, ...rest] = definitions;
    const old = JSON.parse(JSON.stringify(first)) as {
      spec: {
        versions: {
          schema: {
            openAPIV3Schema: {
              properties: { spec: { properties: { egress: { properties: Record<string, unknown> } } } };
            };
          };
        }[];
      };
    };
    delete old.spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties.egress.properties['hold'];
    const found = find({ definitions: yes([old as unknown as Definition, ...rest]) }, 'CRDs');
    expect(found).toMatchObject({ status: 'fail', message: 'Sandbox lacks spec.egress.hold' });
  });

  test('a key that may not go where the profile sends it', () => {
    const profile = {
      metadata: { name: 'cloud', annotations: { 'creel.dev/default-profile': 'true' } },
      spec: {
        provider: 'OpenAI',
        endpoint: 'https://api.example/v1',
        model: 'm',
        credential: { secretRef: { name: 'key', key: 'k' } },
      },
    };
    const secret = (hosts: string) =>
      new Map([['key', yes({ metadata: { name: 'key', annotations: { 'creel.dev/allowed-hosts': hosts } } })]]);
    const profiles = yes([profile as never]);
    expect(find({ profiles, secrets: secret('other.example, api.example') }, 'Model key')?.status).toBe('ok');
    expect(find({ profiles, secrets: secret('other.example') }, 'Model key')).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('api.example') as string,
    });
    const two = yes([profile as never, { ...profile, metadata: { ...profile.metadata, name: 'two' } } as never]);
    expect(find({ profiles: two }, 'Default profile')?.status).toBe('fail');
  });
});

test('the table fits 80 columns, but for what is to be typed', () => {
  const lines = formatFindings(diagnose({ ...facts, policies: yes([]) }), (_color, text) => text).split('\n');
  expect(lines.filter(line => line.length > 80 && !line.includes('try: '))).toEqual([]);
});
