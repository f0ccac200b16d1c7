// What belongs to a sandbox, against people with rights in its namespace: the operator's own code under its own rights, and the
// admission policies, on a real API server with garbage collection and quotas.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installChart, uninstallChart } from '../../charts/testing/chart-release.ts';
import { systemClock } from '../../kube/system-clock.ts';
import { type OperatorLab, openOperatorLab } from '../../operator/testing/operator-lab.ts';
import { CommandError } from '../cluster/base/run-command.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { testNamespace } from '../cluster/test-namespace.ts';

const namespace = testNamespace('children', {
  'creel.dev/sandboxes': 'true',
  'pod-security.kubernetes.io/enforce': 'privileged',
});
const operator = {
  user: 'system:serviceaccount:creel-system:creel-operator',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:creel-system', 'system:authenticated'],
};
let lab: OperatorLab;

beforeAll(async () => {
  await installChart();
  await kubectl('create', 'rolebinding', 'erin', '--clusterrole=edit', '--user=erin');
  lab = await openOperatorLab(namespace, systemClock, operator);
});
afterAll(async () => {
  await lab?.close();
  await uninstallChart();
});

const kubectl = (...args: string[]) => currentCluster().kubectl([...args, '-n', namespace]);
const send = (object: object, ...args: string[]) =>
  currentCluster().kubectl([...args, '-n', namespace, '--filename=-'], { stdin: JSON.stringify(object) });
const refusalOf = (doing: Promise<unknown>) =>
  doing.then(
    answer => `let through: ${String(answer)}`,
    (error: unknown) => (error instanceof CommandError ? error.stderr : String(error)),
  );
const read = async (kind: string, name: string) =>
  JSON.parse((await kubectl('get', kind, name, '--output=json', '--ignore-not-found')) || '{}') as Seen;
const until = <T>(look: () => Promise<T>, timeout = 20_000) => expect.poll(look, { timeout, interval: 50 });
const condition = async (name: string, type: string) =>
  (await read('csb', name)).status?.conditions?.find(each => each.type === type);

const open = (name: string) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: `csb-${name}` },
  spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], egress: [{}], ingress: [{}] },
});
const profile = (model: string) => ({
  apiVersion: 'creel.dev/v1alpha1',
  kind: 'InferenceProfile',
  metadata: { name: 'bound' },
  spec: { provider: 'OpenAI', endpoint: 'https://models.example.org/v1', model },
});

interface Seen {
  readonly metadata?: { readonly uid: string; readonly name: string; readonly deletionTimestamp?: string };
  readonly spec?: object;
  readonly status?: {
    readonly podUid?: string;
    readonly phase?: string;
    readonly inference?: { readonly model?: string };
    readonly policy?: { readonly revision?: string; readonly enforcedRevision?: string };
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

async function create(name: string, spec: object = {}): Promise<void> {
  const object = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: { name },
    spec: { image: 'creel.example/agent:1', ...spec },
  };
  await send(object, 'create');
}

async function untilPod(name: string): Promise<string> {
  await until(async () => (await read('csb', name)).status?.podUid ?? JSON.stringify(lab.failures)).toMatch(
    /^[0-9a-f-]{36}$/,
  );
  return (await read('pod', `csb-${name}`)).metadata?.uid ?? '';
}

/** For a control: what holds is the policy, and what happens without it. */
async function withoutPolicy(policy: string, doing: () => Promise<void>): Promise<void> {
  const binding = await currentCluster().kubectl(['get', 'validatingadmissionpolicybinding', policy, '--output=json']);
  const { metadata, ...rest } = JSON.parse(binding) as {
    metadata: { name: string; labels: object; annotations: object };
  };
  const { name, labels, annotations } = metadata;
  await currentCluster().kubectl(['delete', 'validatingadmissionpolicybinding', policy]);
  try {
    await doing();
  } finally {
    await send({ ...rest, metadata: { name, labels, annotations } }, 'create');
  }
}

const takeOver = (name: string, ...args: string[]) =>
  send(open(name), 'apply', '--server-side', '--force-conflicts', '--field-manager=mine', ...args);

describe('the wall', () => {
  test('K19 K20 taken over by force, or deleted, is refused to an editor', async () => {
    await create('walled');
    await untilPod('walled');
    // Her role binding takes a moment.
    await until(() => refusalOf(takeOver('walled', '--as=erin'))).toContain(
      "are the operator's; change Sandbox walled",
    );
    expect(await refusalOf(takeOver('walled'))).toContain("are the operator's; change Sandbox walled");
    expect(await refusalOf(kubectl('delete', 'networkpolicy', 'csb-walled', '--as=erin'))).toContain(
      `kubectl delete csb walled -n ${namespace}`,
    );
  });

  test('K19 K20 where no policy holds, stands again within five seconds', async () => {
    const good = (await read('networkpolicy', 'csb-walled')).spec;
    expect(good).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    await withoutPolicy('children.creel.dev', async () => {
      await until(() => refusalOf(takeOver('walled', '--as=erin')), 15_000).toContain('let through');
      await until(async () => (await read('networkpolicy', 'csb-walled')).spec, 5_000).toEqual(good);
      await kubectl('delete', 'networkpolicy', 'csb-walled', '--as=erin');
      await until(async () => (await read('networkpolicy', 'csb-walled')).spec, 5_000).toEqual(good);
    });
    await until(() => refusalOf(takeOver('walled', '--as=erin', '--dry-run=server')), 15_000).toContain(
      'ValidatingAdmissionPolicy',
    );
  });
});

describe('K21 finalizers', () => {
  test('of somebody on a Sandbox that is deleted keep the object, and not its pod', async () => {
    await create('stranded');
    await untilPod('stranded');
    await kubectl(
      'patch',
      'csb',
      'stranded',
      '--type=merge',
      '--as=erin',
      '--patch={"metadata":{"finalizers":["example.org/stay"]}}',
    );
    await kubectl('delete', 'csb', 'stranded', '--as=erin', '--wait=false');
    await until(async () => (await read('pod', 'csb-stranded')).metadata?.uid).toBe(undefined);
    expect((await read('csb', 'stranded')).metadata?.deletionTimestamp).toBeDefined();
    await kubectl('patch', 'csb', 'stranded', '--type=merge', '--as=erin', '--patch={"metadata":{"finalizers":null}}');
    await until(async () => (await read('networkpolicy', 'csb-stranded')).metadata?.uid).toBe(undefined);
  });

  test('are no way to hold on to what is ours', async () => {
    await create('held');
    await untilPod('held');
    for (const kind of ['pod', 'networkpolicy', 'serviceaccount', 'pvc']) {
      const patch = '--patch={"metadata":{"finalizers":["example.org/stay"]}}';
      const answer = await refusalOf(kubectl('patch', kind, 'csb-held', '--type=merge', '--as=erin', patch));
      expect(answer, kind).toContain('ValidatingAdmissionPolicy');
    }
  });

  test('K20 a Sandbox is deleted with all that is its own while no operator runs', async () => {
    await create('orphaned');
    await untilPod('orphaned');
    await lab.close();
    try {
      await kubectl('delete', 'csb', 'orphaned', '--as=erin', '--timeout=20s');
      for (const kind of ['pod', 'networkpolicy', 'serviceaccount', 'pvc']) {
        // No kubelet says here that nobody uses the claim any more.
        const { metadata } = await read(kind, 'csb-orphaned');
        if (kind === 'pvc' && metadata !== undefined)
          await until(
            async () => (await read(kind, 'csb-orphaned')).metadata?.deletionTimestamp ?? 'gone',
          ).toBeDefined();
        else await until(async () => (await read(kind, 'csb-orphaned')).metadata?.uid).toBe(undefined);
      }
    } finally {
      lab = await openOperatorLab(namespace, systemClock, operator);
    }
  });
});

describe('K23 names', () => {
  const longest = 'x'.repeat(58);

  test('one letter too long are refused with the bound', async () => {
    expect(await refusalOf(create(`${longest}yy`))).toContain('at most 59 characters');
  });

  test('that differ in the last letter only have children of their own', async () => {
    await create(`${longest}a`);
    await create(`${longest}b`);
    expect(await untilPod(`${longest}a`)).not.toBe(await untilPod(`${longest}b`));
  });

  test('that begin like a child are no child of another', async () => {
    await create('of');
    await create('csb-of');
    expect(await untilPod('of')).not.toBe(await untilPod('csb-of'));
  });
});

describe('K39 what the cluster refuses', () => {
  test.each([
    [
      'a full quota',
      { kind: 'ResourceQuota', spec: { hard: { 'requests.storage': '1Mi' } } },
      'exceeded quota',
      'ChildRefused',
    ],
    [
      'a limit that the sidecar exceeds',
      { kind: 'LimitRange', spec: { limits: [{ type: 'Container', max: { memory: '1Mi' } }] } },
      'maximum memory usage',
      'PodRefused',
    ],
  ])(
    '%s is said with the reason, nothing half-made stays, and it is not tried in a hurry',
    async (_what, object, text, reason) => {
      const name = reason.toLowerCase();
      await send({ apiVersion: 'v1', metadata: { name }, ...object }, 'create');
      if (object.kind === 'ResourceQuota')
        await until(async () => JSON.stringify((await read('resourcequota', name)).status)).toContain('hard');
      await create(name);
      await until(() => condition(name, 'Stalled')).toMatchObject({
        status: 'True',
        reason,
        message: expect.stringContaining(text),
      });
      const before = lab.writes.filter(write => write.startsWith('POST')).length;
      await new Promise(resolve => setTimeout(resolve, 4_000));
      // Four children at most, once or twice; a storm would be hundreds.
      expect(lab.writes.filter(write => write.startsWith('POST')).length - before).toBeLessThanOrEqual(8);
      for (const kind of ['pod', 'networkpolicy', 'serviceaccount'])
        expect((await read(kind, `csb-${name}`)).metadata?.uid, kind).toBe(undefined);
      await kubectl('delete', object.kind, name);
      await until(async () => (await read('csb', name)).status?.podUid, 40_000).toBeDefined();
      expect(await condition(name, 'Stalled')).toMatchObject({ status: 'False' });
    },
  );
});

test('K38 a profile that changes after a sandbox was bound to it: the status says what is in force and what is not yet', async () => {
  await send(profile('first'), 'apply');
  await create('bound', { inference: { profile: 'bound' } });
  await untilPod('bound');
  await until(async () => (await read('csb', 'bound')).status?.inference?.model).toBe('first');
  const before = (await read('csb', 'bound')).status?.policy;
  await send(profile('second'), 'apply');
  await until(async () => (await read('csb', 'bound')).status?.inference?.model).toBe('second');
  await until(async () => (await read('csb', 'bound')).status?.policy?.revision).not.toBe(before?.revision);
  // No sidecar has acknowledged either.
  expect((await read('csb', 'bound')).status?.policy?.enforcedRevision).toBe(undefined);
});
