// The command line as a user starts it, against the real API server; the test plays the operator where its answer is waited for.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../crds/schema/approval-request.ts';
import { waitUntil } from '../test/cluster/base/wait-until.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';

const root = dirname(import.meta.dirname);
const cluster = currentCluster();
const namespace = testNamespace('cli');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function creel(
  args: readonly string[],
  env: Record<string, string> = { KUBECONFIG: cluster.kubeconfigPath },
): Promise<Ended> {
  return new Promise(resolve => {
    const options = { cwd: '/', env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env } };
    execFile(process.execPath, [join(root, 'cli/main.ts'), ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const kubectl = (args: readonly string[], stdin?: string) =>
  cluster.kubectl(['--namespace', namespace, ...args], stdin === undefined ? {} : { stdin });
const get = async (name: string) => JSON.parse(await kubectl(['get', 'apr', name, '--output=json'])) as ApprovalRequest;

async function makeRequest(name: string, phase = 'Pending'): Promise<void> {
  const request = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: { name, namespace },
    spec: {
      type: 'Egress',
      sandbox: { name: 'agent', uid: 'u-1' },
      egress: { host: 'a.example.org', port: 443, reason: 'NotListed' },
    },
  };
  await kubectl(['create', '--filename=-'], JSON.stringify(request));
  await setPhase(name, phase);
}

async function setPhase(name: string, phase: string): Promise<void> {
  const patch = JSON.stringify({ status: { phase, hits: 1 } });
  await kubectl(['patch', 'apr', name, '--subresource=status', '--type=merge', `--patch=${patch}`]);
}

/** Does what the operator does once a decision is there. */
async function enforceWhenDecided(name: string, phase: string): Promise<void> {
  const ask = async () => ((await get(name)).spec.decision === undefined ? undefined : true);
  await waitUntil(ask, { what: `a decision on ${name}`, timeoutMs: 20_000 });
  await setPhase(name, phase);
}

beforeAll(async () => {
  await cluster.kubectl(['apply', '--server-side', `--filename=${join(root, 'crds')}`]);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
});

describe('approve', () => {
  test('writes the decision as the caller and returns once it is enforced', async () => {
    await makeRequest('apr-one');
    const [ended] = await Promise.all([
      creel(['-n', namespace, 'approve', 'apr/apr-one', '--for', '1h', '--scope', 'Endpoint']),
      enforceWhenDecided('apr-one', 'Enforced'),
    ]);
    expect(ended.stdout).toMatch(/^apr-one enforced: agent → a\.example\.org:443 \(\d+ ms\)\n$/);
    expect((await get('apr-one')).spec.decision).toEqual({
      verdict: 'Approve',
      for: '1h',
      scope: 'Endpoint',
      by: 'kubernetes-admin',
    });
  });

  test('says what the API server says of a transition that is none', async () => {
    await makeRequest('apr-two');
    const ended = await creel(['-n', namespace, 'revoke', 'apr-two']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('open requests take Approve, Deny or Snooze');
  });

  test('names the request that does not exist', async () => {
    const ended = await creel(['-n', namespace, 'deny', 'apr-none']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toBe('error: approvalrequests.creel.dev "apr-none" not found\n');
  });
});

test('approvals lists what is open and leaves out what has ended', async () => {
  await makeRequest('apr-open');
  await makeRequest('apr-over', 'Expired');
  const { stdout } = await creel(['-n', namespace, 'approvals']);
  expect(stdout).toMatch(/^NAME\s+SANDBOX\s+HOST\s+PORT\s+BINARY\s+HITS\s+STATUS\s+AGE\n/);
  expect(stdout).toContain('apr-open');
  expect(stdout).not.toContain('apr-over');
});

test('inference set refuses a model that the profile does not offer, and lists those it does', async () => {
  const profile = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'InferenceProfile',
    metadata: { name: 'local', namespace },
    spec: { provider: 'OpenAI', service: { name: 'vllm', port: 8000 }, model: 'small', models: ['large'] },
  };
  await kubectl(['create', '--filename=-'], JSON.stringify(profile));
  const ended = await creel([
    '-n',
    namespace,
    'inference',
    'set',
    '--sandbox',
    'agent',
    '--profile',
    'local',
    '--model',
    'huge',
  ]);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toBe('error: --model huge is not offered by profile local; it offers small, large\n');
});

describe('without a cluster', () => {
  test('it says how to name one', async () => {
    const ended = await creel(['status'], {});
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('npm run cluster -- up');
  });

  test('help needs none', async () => {
    const ended = await creel(['approve', '--help'], {});
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('Example:');
  });
});
