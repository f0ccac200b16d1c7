// From approvals to a policy in Git and back, with the operator's own parts: what was allowed stays allowed at every step.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parseHost } from '../../engine/canonical/host.ts';
import { decideRequest } from '../../engine/decide/decide-request.ts';
import { createDecider } from '../../engine/decide/decider.ts';
import { resources } from '../../operator/resources.ts';
import type { HubClient } from '../../operator/testing/hub-client.ts';
import { isSnapshot, type LabSessions, labSessions } from '../../operator/testing/lab-sessions.ts';
import { installCrds, type OperatorLab, openOperatorLab } from '../../operator/testing/operator-lab.ts';
import type { UpFrame } from '../../protocol/session.ts';
import type { CompiledPolicy, Grants } from '../../protocol/snapshot.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { testNamespace } from '../cluster/test-namespace.ts';

const prepared = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('promote', prepared);
const folder = mkdtempSync(join(tmpdir(), 'creel-promote-'));
const file = join(folder, 'approved.yaml');
let lab: OperatorLab;
let sessions: LabSessions;
let client: HubClient;

const until = <T>(look: () => Promise<T> | T) => expect.poll(async () => look(), { timeout: 20_000, interval: 20 });
const kubectl = (...args: string[]) => currentCluster().kubectl(['--namespace', namespace, ...args]);
// The CLI is started a dozen times, and machines may be busy.
vi.setConfig({ testTimeout: 180_000 });
const curl = { path: '/usr/bin/curl', sha256: 'c'.repeat(64) };

beforeAll(async () => {
  await installCrds();
  lab = await openOperatorLab(namespace);
  sessions = labSessions(lab, namespace, until);
});
afterAll(async () => {
  sessions?.end();
  await lab?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function promote(...more: string[]): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, KUBECONFIG: currentCluster().kubeconfigPath };
  const main = join(import.meta.dirname, '../../cli/main.ts');
  const command = [main, '-n', namespace, 'policy', 'promote', '--sandbox', 'box', ...more];
  return promisify(execFile)(process.execPath, command, { env });
}

let asked = 0;
/** Denied, asked for and approved, as a person does it. */
async function approved(denial: Partial<Extract<UpFrame, { type: 'denial' }>>, decision: object): Promise<string> {
  const id = ++asked;
  const frame = { host: 'x.example', port: 443, binary: { ...curl, ancestors: [] }, reason: 'NotListed' as const };
  client.say({ type: 'denial', id, hits: 1, sample: 'GET /', ...frame, ...denial });
  const isAnswer = (candidate: { type: string; id?: number }) => candidate.type === 'asked' && candidate.id === id;
  const answer = await client.frame(isAnswer as never);
  const name = (answer as { approval?: string }).approval ?? '';
  const by = 'kubernetes-admin';
  const patch = { spec: { decision: { verdict: 'Approve', for: '1h', by, ...decision } } };
  expect((await lab.client.mergePatch(resources.approvalRequests, { namespace, name }, patch)).ok).toBe(true);
  await until(() => phaseOf(name)).toBe('Enforced');
  return name;
}
const phaseOf = (name: string) => lab.stores.requests.get({ namespace, name })?.status?.phase;

/** What the sidecar would say of each of these after every single frame it was sent. */
function verdictsAfterEachFrame(questions: readonly { host: string; port: number; method?: string; path?: string }[]) {
  let policy: CompiledPolicy | undefined;
  let grants: Grants | undefined;
  return client.frames.filter(isSnapshot).map(({ snapshot }) => {
    policy = snapshot.policy ?? policy;
    grants = snapshot.grants ?? grants;
    if (policy === undefined || grants === undefined) throw new Error('the first snapshot has all parts');
    const decider = createDecider(policy, grants, () => Date.now());
    return questions.map(({ host: text, port, method = 'GET', path = '/' }) => {
      const host = parseHost(text);
      if (host.kind === 'invalid') return 'Invalid';
      const decision = decider.decide({ host, port, binary: { kind: 'known', ...curl } });
      if (decision.verdict !== 'Allow' || decision.inspected === undefined) return decision.verdict;
      return decideRequest(decision.inspected, { method, target: path, isWebSocket: false }).verdict;
    });
  });
}

test('(there is a sandbox with a session)', async () => {
  ({ client } = await sessions.startSession('box'));
  await kubectl('label', 'csb', 'box', 'agent=box');
});

test('approvals → promote → apply → Superseded, and nothing that was allowed is refused in between', async () => {
  const requests = [{ method: 'GET', path: '/v1/notes' }];
  const names = [
    await approved({ host: 'docs.example' }, { scope: 'Binary', reason: 'the handbook' }),
    await approved({ host: 'git.example', port: 22 }, { scope: 'Endpoint' }),
    await approved({ host: 'api.example', sample: 'GET /v1/notes' }, { scope: 'Request', requests }),
  ];
  const questions = [
    { host: 'docs.example', port: 443 },
    { host: 'git.example', port: 22 },
    { host: 'api.example', port: 443, path: '/v1/notes' },
  ];
  const before = client.frames.filter(isSnapshot).length;

  const { stdout, stderr } = await promote();
  expect((await promote()).stdout).toBe(stdout);
  expect(stderr).toMatch(/ends in 60 min; apply the policy before that/);
  expect(stdout).toMatch(/approved by kubernetes-admin at 2\S+Z for 1h, until \S+Z, scope Binary: "the handbook"/);
  await promote('-o', file);
  expect(readFileSync(file, 'utf8')).toBe(stdout);

  expect(await kubectl('apply', '--validate=strict', `--filename=${file}`)).toContain('box-approved created');
  await until(() => names.map(phaseOf)).toEqual(['Superseded', 'Superseded', 'Superseded']);
  await until(() => client.snapshot()?.grants?.items).toEqual([]);
  const after = verdictsAfterEachFrame(questions).slice(before - 1);
  expect(after.length).toBeGreaterThan(1);
  for (const verdicts of after) expect(verdicts).toEqual(['Allow', 'Allow', 'Allow']);
  const history = lab.stores.requests.get({ namespace, name: names[0] ?? '' })?.status?.history;
  expect(history?.at(-1)?.message).toMatch(new RegExp(`^answered by ${namespace}/box-approved/docs-example-443-`));
  expect(lab.failures).toEqual([]);
});

test('promoted again, the policy is the same; one more approval is one more rule, and the old ones stay', async () => {
  expect((await promote()).stdout).toBe(readFileSync(file, 'utf8'));
  const name = await approved({ host: 'new.example' }, { scope: 'Endpoint' });
  const more = (await promote()).stdout;
  expect(more.match(/- name: /g)).toHaveLength(4);
  await promote('-o', file);
  await kubectl('apply', '--validate=strict', `--filename=${file}`);
  await until(() => phaseOf(name)).toBe('Superseded');
});

test('an approval that the policy does not cover stays a grant', async () => {
  const name = await approved(
    { host: 'docs.example', binary: { ...curl, path: '/usr/bin/wget', ancestors: [] } },
    { scope: 'Endpoint' },
  );
  await kubectl('label', 'egp', 'box-approved', 'seen=1');
  await lab.settled();
  expect(phaseOf(name)).toBe('Enforced');
});

test('a Sandbox without a label is told how to get one: a policy for everybody is not what was approved', async () => {
  await kubectl('label', 'csb', 'box', 'agent-');
  await expect(promote('--name', 'other')).rejects.toMatchObject({
    stderr: expect.stringContaining(`kubectl -n ${namespace} label sandbox box agent=box`),
  });
});
