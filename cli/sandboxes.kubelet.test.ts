// A sandbox's whole life by the command line alone, on a real node with the operator installed: made, looked at, logged, asked,
// suspended, resumed, deleted; and what doctor says of such a cluster.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../test/cluster/base/wait-until.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { creelUnderTest } from '../test/e2e/creel-under-test.ts';
import { fetchInside } from '../test/e2e/fetch-inside.ts';
import { SandboxNamespace } from '../test/e2e/sandbox-namespace.ts';
import { exitCodes } from './exit-codes.ts';
import { runCreel, startCreel } from './testing/run-creel.ts';

const cluster = currentCluster();
const namespace = new SandboxNamespace(cluster, `e2e-cli-${process.pid}`);
const env = { KUBECONFIG: cluster.kubeconfigPath };
const creel = (...args: string[]) => runCreel(['-n', namespace.name, ...args], env);
const host = 'unlisted.example.org';

beforeAll(async () => {
  await creelUnderTest();
  await namespace.create();
});
afterAll(() => namespace.delete());

test('create waits until it runs, and says each step', async () => {
  const script = 'while :; do echo at-$(date +%s); printf "\\033[2Jhostile\\n"; sleep 1; done';
  const image = ['--image', 'creel.local/agent-tools:dev', '--size', '64Mi'];
  const ended = await creel('sandbox', 'create', 'box', ...image, '--preset', 'npm', '--', 'sh', '-c', script);
  expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('box: Starting')]);
  expect(ended.stdout).toBe('sandbox.creel.dev/box created\negresspolicy.creel.dev/box-npm created\n');
  expect((await creel('status', 'box')).stdout).toMatch(/\nbox +Running/);
});

test('logs shows what the agent writes, without the bytes that would drive the terminal', async () => {
  const { stdout } = await creel('logs', 'box', '--tail', '4');
  expect(stdout).toMatch(/^at-\d+$/m);
  expect(stdout).toContain('\\u{1b}[2Jhostile\n');
  expect(stdout).not.toContain('\u001b');
});

test('what is stopped is in the audit lines, in describe and among the approvals; approved, it passes', async () => {
  const following = startCreel(['-n', namespace.name, 'logs', 'box', '--audit', '--host', '*.example.org', '-f'], env);
  expect(await fetchInside(namespace, 'box', `https://${host}/`)).toMatchObject({ status: 403 });
  const shows = (what: RegExp) =>
    waitUntil(() => Promise.resolve(what.test(following.stdout()) || undefined), {
      what: `${what} in the log`,
      timeoutMs: 60_000,
    });
  await shows(/^\d\d:\d\d:\d\d Ask {3}NotListed {2}unlisted\.example\.org:443 .*by \/.*curl/m);
  const approve = await creel('approve', '--all', '--sandbox', 'box', '--for', '1h', '--yes');
  expect(approve.stdout).toMatch(/ enforced: box → unlisted\.example\.org:443 by .*, until .* \(\d+ ms\)\n$/);
  expect(await fetchInside(namespace, 'box', `https://${host}/`)).toMatchObject({ status: 200 });
  await shows(/ Allow .*unlisted\.example\.org:443/);
  following.process.kill('SIGINT');
  expect((await following.ended).code).toBe(exitCodes.interrupted);
  const filtered = await creel('logs', 'box', '--verdict', 'Ask', '-o', 'json');
  for (const line of filtered.stdout.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ decision: 'Ask' });
  const story = (await creel('describe', 'box')).stdout;
  expect(story).toMatch(/In force:\n {2}apr-\S+ {2}box → unlisted\.example\.org:443/);
  expect(story).toMatch(/Last stopped:\n {2}\d\d:\d\d:\d\d Ask {3}NotListed/);
});

test('suspend and resume wait for the pod to go and to come; the log is followed through both', async () => {
  const following = startCreel(['-n', namespace.name, 'logs', 'box', '-f', '--tail', '1'], env);
  const suspended = await creel('sandbox', 'suspend', 'box');
  expect([suspended.code, suspended.stdout]).toEqual([0, 'box suspended\n']);
  expect(await namespace.kubectl(['get', 'pod', '--output=name'])).toBe('');
  const resumedMs = Date.now();
  const resumed = await creel('sandbox', 'resume', 'box');
  expect([resumed.code, resumed.stdout]).toEqual([0, 'box resumed\n']);
  const newest = () =>
    Math.max(0, ...[...following.stdout().matchAll(/^at-(\d+)$/gm)].map(([, at]) => Number(at) * 1000));
  await waitUntil(() => Promise.resolve(newest() > resumedMs || undefined), {
    what: 'lines of the new pod',
    timeoutMs: 60_000,
  });
  expect(following.stderr()).toMatch(/box is .* and has no pod; waiting for one|has ended; waiting for more/);
  following.process.kill('SIGINT');
  await following.ended;
});

test('doctor fails nothing on a cluster that is as it should be, and its probe sees NetworkPolicy enforced', async () => {
  const { stdout, stderr } = await creel('doctor', '--probe', '-o', 'json');
  const findings = JSON.parse(stdout) as { check: string; status: string; message: string }[];
  expect([findings.filter(({ status }) => status === 'fail'), stderr]).toEqual([
    [],
    expect.stringContaining('probe: making pods'),
  ]);
  const of = (check: string) => findings.find(finding => finding.check === check)?.status;
  expect(
    [
      'API server',
      'CRDs',
      'Operator',
      'Admission policies',
      'NetworkPolicy',
      'nf_tables',
      'Landlock',
      'Your rights',
    ].map(of),
  ).toEqual(Array(8).fill('ok'));
  expect(
    await cluster.kubectl(['get', 'pod,networkpolicy', '--namespace=creel-system', '--output=name']),
  ).not.toContain('creel-doctor');
});

const gone = async () => ((await namespace.kubectl(['get', 'csb,pod,egp', '--output=name'])) === '' ? true : undefined);

test('delete says what becomes of /sandbox, and ends when all is gone', async () => {
  const ended = await creel('sandbox', 'delete', 'box', '--yes');
  expect([ended.code, ended.stdout]).toEqual([0, 'box deleted\n']);
  expect(ended.stderr).toContain('All files in /sandbox of box are deleted with their claim csb-box (64Mi)');
  await waitUntil(gone, { what: 'the end of pod and policy', timeoutMs: 60_000 });
});
