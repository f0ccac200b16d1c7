// An ApprovalRequest is immutable but for its decision, and a decision goes only where CEL lets it.
import { beforeAll, describe, expect, test } from 'vitest';
import { CommandError } from '../test/cluster/base/run-command.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';

const namespace = testNamespace('transitions');
const verdicts = ['Approve', 'Deny', 'Snooze', 'Revoke'] as const;
type Verdict = (typeof verdicts)[number];
const decision = (verdict: Verdict) => ({ verdict, by: 'ann', ...(verdict === 'Approve' ? { for: '1h' } : {}) });
const merge = (from: Verdict, to: Verdict) => ({
  ...decision(to),
  ...(from === 'Approve' && to !== 'Approve' ? { for: null } : {}),
});
const wrongWay = 'not from this decision: open requests take Approve, Deny or Snooze';

/** What may follow each verdict; undecided stands for a request without one. */
const allowed: Readonly<Record<Verdict | 'undecided', readonly Verdict[]>> = {
  undecided: ['Approve', 'Deny', 'Snooze'],
  Snooze: ['Approve', 'Deny'],
  Deny: ['Approve'],
  Approve: ['Revoke'],
  Revoke: [],
};

beforeAll(async () => {
  await currentCluster().kubectl(['apply', '--server-side', `--filename=${import.meta.dirname}`]);
  await currentCluster().kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  const states = ['undecided', ...verdicts] as const;
  const items = states.map(state => request(state, state === 'undecided' ? {} : { decision: decision(state) }));
  await currentCluster().kubectl(['create', '-n', namespace, '-f-'], {
    stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  });
});

describe('decisions', () => {
  const pairs = Object.keys(allowed).flatMap(from =>
    verdicts.filter(to => to !== from).map(to => [from as Verdict | 'undecided', to] as const),
  );
  test.each(pairs)('%s → %s', async (from, to) => {
    const body = from === 'undecided' ? decision(to) : merge(from, to);
    const outcome = await patch(from, { spec: { decision: body } });
    if (allowed[from].includes(to)) expect(outcome).toMatch(/patched/);
    else expect(outcome).toContain(wrongWay);
  });

  test('an approval cannot be made longer: revoke it and decide the next request', async () => {
    expect(await patch('Approve', { spec: { decision: { for: '8h' } } })).toContain(wrongWay);
  });

  test('a decision cannot be removed', async () => {
    const outcome = await patch('Deny', { spec: { decision: null } });
    expect(outcome).toContain('a decision cannot be removed; use verdict Revoke');
  });

  test('Approve needs its end', async () => {
    const outcome = await patch('undecided', { spec: { decision: { verdict: 'Approve', by: 'ann' } } });
    expect(outcome).toContain('Approve needs for, for example for: 1h');
  });
});

test('a GPU is approved for a time, not for a number of uses', async () => {
  const gpu = { type: 'GPU', egress: undefined, gpu: { resource: 'nvidia.com/gpu', count: 1 } };
  const create = (more: object) =>
    currentCluster()
      .kubectl(['create', '-n', namespace, '--dry-run=server', '-f-'], {
        stdin: JSON.stringify(request('undecided', { ...gpu, decision: { ...decision('Approve'), ...more } })).replace(
          'apr-undecided',
          'apr-gpu',
        ),
      })
      .catch((error: unknown) => String(error));
  expect(await create({})).toContain('created');
  expect(await create({ maxUses: 1 })).toContain('a GPU is approved for a time');
});

describe('what was asked for cannot be changed, by nobody', () => {
  test.each([
    ['the host', { spec: { egress: { host: 'other.example.org' } } }],
    ['the port', { spec: { egress: { port: 22 } } }],
    ['the binary', { spec: { egress: { binary: { path: '/usr/bin/wget', sha256: 'b'.repeat(64) } } } }],
    ['the sandbox', { spec: { sandbox: { uid: 'other' } } }],
    ['the type', { spec: { type: 'GPU', egress: null, gpu: { resource: 'nvidia.com/gpu', count: 1 } } }],
  ])('%s', async (_what, change) => {
    expect(await patch('undecided', change)).toContain('a request is immutable but for its decision');
  });

  test('with its decision either', async () => {
    const change = { spec: { egress: { host: 'other.example.org' }, decision: decision('Approve') } };
    expect(await patch('undecided', change)).toContain('a request is immutable but for its decision');
  });
});

/** What kubectl says; nothing is stored. */
async function patch(from: Verdict | 'undecided', change: object): Promise<string> {
  const what = ['patch', `apr/${nameOf(from)}`, '-n', namespace, '--type=merge', '--dry-run=server'];
  try {
    return await currentCluster().kubectl([...what, '-p', JSON.stringify(change)]);
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}

function nameOf(state: Verdict | 'undecided'): string {
  return `apr-${state.toLowerCase()}`;
}

function request(state: Verdict | 'undecided', extra: object) {
  return {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: { name: nameOf(state) },
    spec: {
      type: 'Egress',
      sandbox: { name: 'box', uid: 'u' },
      egress: { host: 'paste.example.org', port: 443, reason: 'NotListed' },
      ...extra,
    },
  };
}
