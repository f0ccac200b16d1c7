// `kubectl creel policy` against what a real API server holds.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { egressPolicySchema } from '../crds/schema/egress-policy.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';

vi.setConfig({ testTimeout: 300_000 });
const root = dirname(import.meta.dirname);
const cluster = currentCluster();
const namespace = testNamespace('policy');
const kubectl = (args: readonly string[], stdin?: string) =>
  cluster.kubectl(['--namespace', namespace, ...args], stdin === undefined ? {} : { stdin });
let folder = '';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function policy(...args: string[]): Promise<Ended> {
  return new Promise(resolve => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', KUBECONFIG: cluster.kubeconfigPath };
    const command = [join(root, 'cli/main.ts'), '-n', namespace, 'policy', ...args];
    execFile(process.execPath, command, { cwd: '/', env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const create = (object: object) =>
  kubectl(['create', '--filename=-'], JSON.stringify({ apiVersion: 'creel.dev/v1alpha1', ...object }));
const to = [{ host: 'api.example.org', ports: [443] }];
const readRule = { name: 'read', to, protocol: 'HTTP', http: { access: 'ReadOnly' } };
const policyOf = (name: string, allow: readonly object[], tests: readonly object[] = []) => ({
  kind: 'EgressPolicy',
  metadata: { name, namespace },
  spec: { sandboxSelector: { matchLabels: { app: 'agent' } }, allow, tests },
});
const promise = { request: { host: 'api.example.org', port: 443, method: 'POST', path: '/' }, expect: 'Allow' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'creel-policy-'));
  await cluster.kubectl(['apply', '--server-side', `--filename=${join(root, 'crds')}`]);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  await create({ kind: 'Sandbox', metadata: { name: 'box', labels: { app: 'agent' } }, spec: { image: 'none' } });
  await create(policyOf('web', [readRule]));
  await create(policyOf('wrong', [readRule], [promise]));
  const uid = await kubectl(['get', 'csb', 'box', '--output=jsonpath={.metadata.uid}']);
  const egress = { host: 'paste.example', port: 443, reason: 'NotListed' };
  await create({
    kind: 'ApprovalRequest',
    metadata: { name: 'apr-p' },
    spec: { type: 'Egress', sandbox: { name: 'box', uid }, egress },
  });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('explain', () => {
  test('reads the sandbox, its policies and what it asked for', async () => {
    const allowed = await policy('explain', 'box', 'api.example.org', '--method', 'get', '--path', '/a');
    expect(allowed.stdout).toContain(`Allow (HTTP), decided by ${namespace}/web/read`);
    const asked = await policy('explain', 'box', 'paste.example');
    expect(asked.stdout).toContain('Ask (NotListed)');
    expect(asked.stdout).toContain(`kubectl creel -n ${namespace} approve apr/apr-p --for 1h`);
  });
  test('names the sandbox that is not there', async () => {
    const ended = await policy('explain', 'nobody', 'paste.example');
    expect([ended.code, ended.stderr]).toEqual([
      3,
      `error: sandboxes.creel.dev "nobody" not found\n  try: kubectl creel get sandboxes -n ${namespace}\n`,
    ]);
  });
});

test('test runs what the policies promise, and fails with it', async () => {
  const ended = await policy('test', 'box');
  expect(ended.code).toBe(1);
  expect(ended.stdout).toBe(
    'not ok 1 - wrong: api.example.org:443 POST / → Allow\n# got Ask (RequestNotAllowed)\n1..1\n',
  );
});

test('diff compares a file with what the cluster holds', async () => {
  const file = join(folder, 'new.json');
  const wider = { ...readRule, http: { access: 'ReadWrite' } };
  writeFileSync(file, JSON.stringify({ apiVersion: 'creel.dev/v1alpha1', ...policyOf('web', [wider]) }));
  const ended = await policy('diff', '--sandbox', 'box', file);
  expect(ended.stdout).toBe('Widens api.example.org:443\n  Ask → Allow          POST,PUT,PATCH /\n');
});

test('learn proposes a policy that the API server takes', async () => {
  const ended = await policy('learn', 'box');
  expect(ended.stderr).toContain("without the sidecar's log");
  expect(egressPolicySchema.safeParse(parse(ended.stdout)).error).toBeUndefined();
  expect(await kubectl(['apply', '--dry-run=server', '--filename=-'], ended.stdout)).toContain('box-learnt created');
});

test('what import writes, the API server takes', async () => {
  const fixture = join(root, 'cli/policy/import/testing/fixtures/nemoclaw-baseline.yaml');
  const ended = await policy('import', fixture, '--any-binary', '--name', 'nemoclaw');
  expect(ended.code).toBe(0);
  expect(await kubectl(['apply', '--dry-run=server', '--filename=-'], ended.stdout)).toContain('nemoclaw created');
});
