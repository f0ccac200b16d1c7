// examples/gitops as a pipeline applies it, beside people who use the CLI, with the real operator: nobody undoes anybody's work,
// and a sandbox that waits for a person is suspended, never broken.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { installOperator, startOperator } from '../../operator/testing/start-operator.ts';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { testNamespace } from '../cluster/test-namespace.ts';
import { judgeObjects, type Verdict } from './judge-objects.ts';

const root = join(import.meta.dirname, '../..');
const example = join(root, 'examples/gitops');
const system = testNamespace('gitops-system');
const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('gitops', labels);
const kubectl = (args: readonly string[], stdin?: string) =>
  currentCluster().kubectl(['--namespace', namespace, ...args], stdin === undefined ? {} : { stdin });
let operator: Awaited<ReturnType<typeof startOperator>>;
let uninstall: () => Promise<void>;
let overlay = '';
// kubectl and the CLI are started dozens of times, and machines may be busy.
vi.setConfig({ testTimeout: 180_000 });

beforeAll(async () => {
  uninstall = await installOperator(system);
  operator = await startOperator(system);
  // The example in a namespace of this test's own.
  overlay = mkdtempSync(join(tmpdir(), 'creel-gitops-'));
  writeFileSync(
    join(overlay, 'kustomization.yaml'),
    JSON.stringify({ namespace, resources: [relative(overlay, example)] }),
  );
}, 120_000);
afterAll(async () => {
  await operator?.stop('SIGTERM');
  await uninstall?.();
  rmSync(overlay, { recursive: true, force: true });
});

interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly generation: number;
    readonly managedFields?: readonly { readonly manager: string; readonly fieldsV1?: object }[];
  };
  readonly spec: { readonly inference?: object; readonly lifecycle?: object };
  readonly status?: {
    readonly phase?: string;
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
}

async function read(kind: string, name: string): Promise<Stored> {
  return JSON.parse(await kubectl(['get', kind, name, '--output=json', '--show-managed-fields'])) as Stored;
}

/** The object once that is true of it and its status is of its present spec. */
function settled(kind: string, name: string, isSo: (stored: Stored) => boolean): Promise<Stored> {
  return waitUntil(
    async () => {
      const stored = await read(kind, name);
      return stored.status?.observedGeneration === stored.metadata.generation && isSo(stored) ? stored : undefined;
    },
    { what: `${kind} ${name}`, timeoutMs: 30_000, explain: () => operator.log.slice(-5).join('\n') },
  );
}
const inPhase = (phase: string) => (stored: Stored) => stored.status?.phase === phase;

/** What `kubectl creel` answers; its exit code is not ours to judge where a sidecar would have to answer. */
async function creel(...args: string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: currentCluster().kubeconfigPath };
  const command = [join(root, 'cli/main.ts'), '-n', namespace, ...args];
  return promisify(execFile)(process.execPath, command, { env }).then(
    ({ stdout }) => stdout,
    (error: { stderr?: string }) => String(error.stderr),
  );
}

describe.each<[string, readonly string[]]>([
  ['kubectl apply -k', []],
  ['server-side apply with the pipeline’s field manager', ['--server-side', '--field-manager=pipeline']],
])('%s', (_what, flags) => {
  test('applies, and afterwards nothing differs, whatever operator and people write', async () => {
    const again = flags.length > 0 ? [...flags, '--force-conflicts'] : flags;
    const applied = await kubectl(['apply', '-k', overlay, ...again]);
    expect(applied.trim().split('\n')).toHaveLength(7);
    await settled('csb', 'my-assistant', inPhase('Starting'));
    await settled('egp', 'my-assistant-approved', ({ status }) => status?.conditions !== undefined);
    // kubectl diff ends with 1 where something differs.
    expect(await kubectl(['diff', '-k', overlay, ...again])).toBe('');

    await creel('inference', 'set', '--sandbox', 'my-assistant', '--profile', 'vllm');
    expect(await creel('sandbox', 'suspend', 'my-assistant', '--no-wait')).not.toContain('pipeline');
    const suspended = await settled('csb', 'my-assistant', inPhase('Suspended'));
    expect(suspended.spec).toMatchObject({ inference: { profile: 'vllm' }, lifecycle: { suspend: true } });
    expect(await kubectl(['diff', '-k', overlay, ...flags])).toBe('');
    // The pipeline's next run changes nothing of it, and not by force.
    await kubectl(['apply', '-k', overlay, ...flags]);
    expect((await read('csb', 'my-assistant')).spec).toEqual(suspended.spec);
    await kubectl([
      'patch',
      'csb',
      'my-assistant',
      '--type=merge',
      '--patch={"spec":{"lifecycle":null,"inference":null}}',
    ]);
  });

  test('a control: a field of Git that somebody edits is a difference', async () => {
    await kubectl([
      'patch',
      'csb',
      'my-assistant',
      '--type=merge',
      '--patch={"spec":{"egress":{"onUnlisted":"Deny"}}}',
    ]);
    await expect(
      kubectl(['diff', '-k', overlay, ...flags, ...(flags.length > 0 ? ['--force-conflicts'] : [])]),
    ).rejects.toThrow(/onUnlisted/);
    await kubectl(['patch', 'csb', 'my-assistant', '--type=merge', '--patch={"spec":{"egress":{"onUnlisted":"Ask"}}}']);
  });
});

const createSandbox = (name: string, spec: object) => createObject('Sandbox', name, { image: 'i', ...spec });
const createObject = (kind: string, name: string, spec: object) =>
  kubectl(
    ['create', '--filename=-'],
    JSON.stringify({ apiVersion: 'creel.dev/v1alpha1', kind, metadata: { name }, spec }),
  );
const hasCondition =
  (type: string, value: string) =>
  ({ status }: Stored): boolean =>
    status?.conditions?.some(condition => condition.type === type && condition.status === value) === true;

describe('deployment tools', () => {
  let scripts: Readonly<Record<string, string>> = {};
  let flux: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    await kubectl(['apply', '-k', overlay, '--server-side', '--field-manager=pipeline', '--force-conflicts']);
    // What `kubectl apply -k examples/gitops/argocd` would put into argocd-cm, and no copy of it.
    const rendered = await currentCluster().kubectl(['kustomize', join(example, 'argocd')]);
    const map = parse(rendered) as { metadata: object; data: Record<string, string> };
    expect(map.metadata).toMatchObject({ name: 'argocd-cm', namespace: 'argocd' });
    scripts = map.data;
    const file = readFileSync(join(example, 'flux/kustomization.yaml'), 'utf8');
    const { spec } = parse(file) as { spec: { healthCheckExprs: readonly { current: string; failed: string }[] } };
    const [exprs] = spec.healthCheckExprs;
    if (exprs === undefined) throw new Error('no healthCheckExprs');
    flux = { current: exprs.current, failed: exprs.failed };
  });

  async function judge(kind: string, stored: Stored): Promise<Verdict> {
    const lua = scripts[`resource.customizations.health.creel.dev_${kind}`];
    if (lua === undefined) throw new Error(`no health script for ${kind}`);
    const [verdict] = await judgeObjects([
      { object: stored, lua, ...(kind === 'Sandbox' ? { expressions: flux } : {}) },
    ]);
    if (verdict === undefined) throw new Error('no verdict');
    return verdict;
  }

  test('a Sandbox that waits for its GPU is suspended; the request itself too; denied, it has failed', async () => {
    await createSandbox('gpu', { gpu: { count: 2 } });
    const waiting = await settled('csb', 'gpu', inPhase('AwaitingApproval'));
    expect(await judge('Sandbox', waiting)).toMatchObject({
      kstatus: 'InProgress',
      health: { status: 'Suspended', message: expect.stringContaining('kubectl creel approve') },
      expressions: { current: true, failed: false },
    });
    const requests = JSON.parse(await kubectl(['get', 'apr', '--output=json'])) as { items: readonly Stored[] };
    const request = requests.items[0];
    if (request === undefined) throw new Error('no request');
    expect(await judge('ApprovalRequest', request)).toMatchObject({
      kstatus: 'Current',
      health: { status: 'Suspended' },
    });
    await kubectl([
      'patch',
      'apr',
      request.metadata.name,
      '--type=merge',
      '--patch={"spec":{"decision":{"verdict":"Deny","reason":"too dear"}}}',
    ]);
    const denied = await settled('csb', 'gpu', inPhase('Failed'));
    expect(await judge('Sandbox', denied)).toMatchObject({
      kstatus: 'Failed',
      health: { status: 'Degraded', message: expect.stringContaining('too dear') },
      expressions: { current: false, failed: true },
    });
    const decided = await settled('apr', request.metadata.name, inPhase('Denied'));
    expect(await judge('ApprovalRequest', decided)).toMatchObject({ health: { status: 'Healthy', message: 'Denied' } });
  });

  test('a Sandbox that starts is in progress, that runs is healthy, that is suspended is suspended, that cannot is degraded', async () => {
    await createSandbox('life', {});
    const starting = await settled('csb', 'life', inPhase('Starting'));
    expect(await judge('Sandbox', starting)).toMatchObject({
      kstatus: 'InProgress',
      health: { status: 'Progressing' },
      expressions: { current: false, failed: false },
    });
    // The kubelet's part.
    const conditions = [{ type: 'Ready', status: 'True' }];
    const containerStatuses = ['agent', 'sidecar'].map(name => ({
      name,
      image: 'i',
      imageID: 'i',
      ready: true,
      restartCount: 0,
      state: { running: {} },
    }));
    await kubectl([
      'patch',
      'pod',
      'csb-life',
      '--subresource=status',
      '--type=merge',
      `--patch=${JSON.stringify({ status: { phase: 'Running', conditions, containerStatuses } })}`,
    ]);
    const running = await settled('csb', 'life', hasCondition('Ready', 'True'));
    expect(await judge('Sandbox', running)).toMatchObject({
      kstatus: 'Current',
      health: { status: 'Healthy' },
      expressions: { current: true, failed: false },
    });
    await kubectl(['patch', 'csb', 'life', '--type=merge', '--patch={"spec":{"lifecycle":{"suspend":true}}}']);
    const suspended = await settled('csb', 'life', inPhase('Suspended'));
    expect(await judge('Sandbox', suspended)).toMatchObject({
      health: { status: 'Suspended' },
      expressions: { current: true, failed: false },
    });
    await createSandbox('broken', { egress: { topology: 'Paired', identity: 'None' } });
    const broken = await settled('csb', 'broken', hasCondition('Stalled', 'True'));
    expect(await judge('Sandbox', broken)).toMatchObject({
      kstatus: 'Failed',
      health: { status: 'Degraded' },
      expressions: { current: false, failed: true },
    });
  });

  test('policies and profiles: good ones are current and healthy, those that do nothing are failed and degraded', async () => {
    const good = await settled('egp', 'my-assistant-approved', hasCondition('Accepted', 'True'));
    expect(await judge('EgressPolicy', good)).toMatchObject({ kstatus: 'Current' });
    const rule = { name: 'r', to: [{ host: '*.com', ports: [443] }], protocol: 'TLS' };
    await createObject('EgressPolicy', 'bad', { sandboxSelector: {}, allow: [rule] });
    const refused = await settled('egp', 'bad', hasCondition('Accepted', 'False'));
    expect(await judge('EgressPolicy', refused)).toMatchObject({
      kstatus: 'Failed',
      health: { status: 'Degraded', message: expect.stringContaining('*.com') },
    });
    const nowhere = { matchLabels: { none: 'such' } };
    const deny = [{ name: 'd', to: [{ host: 'bad.example' }] }];
    await createObject('ClusterEgressPolicy', namespace, { namespaceSelector: nowhere, deny });
    try {
      const everywhere = await settled('cegp', namespace, hasCondition('Accepted', 'True'));
      expect(await judge('ClusterEgressPolicy', everywhere)).toMatchObject({
        kstatus: 'Current',
        health: { status: 'Healthy' },
      });
    } finally {
      await kubectl(['delete', 'cegp', namespace]);
    }
    const unready = await settled('ifp', 'nvidia-cloud', hasCondition('Ready', 'False'));
    expect(await judge('InferenceProfile', unready)).toMatchObject({
      kstatus: 'InProgress',
      health: { status: 'Degraded', message: expect.stringContaining('kubectl') },
    });
  });

  test('kubectl wait knows a Sandbox that is ready from one that waits for a person', async () => {
    await createSandbox('gpu2', { gpu: {} });
    await settled('csb', 'gpu2', inPhase('AwaitingApproval'));
    expect(
      await kubectl(['wait', '--for=jsonpath={.status.phase}=AwaitingApproval', 'csb/gpu2', '--timeout=5s']),
    ).toContain('condition met');
    await expect(kubectl(['wait', '--for=condition=Stalled', 'csb/gpu2', '--timeout=1s'])).rejects.toThrow(/timed out/);
  });
});
