// The operator as a process: what it tells strangers, and what becomes of it when its kinds go away under it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorProcess } from '../../operator/testing/operator-process.ts';
import { installOperator, startOperator } from '../../operator/testing/start-operator.ts';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { testNamespace } from '../cluster/test-namespace.ts';

const system = testNamespace('attacked-system');
const sandboxes = testNamespace('attacked', {
  'creel.dev/sandboxes': 'true',
  'pod-security.kubernetes.io/enforce': 'privileged',
});
const kubectl = (...args: string[]) => currentCluster().kubectl(args);
const create = (object: object) => currentCluster().kubectl(['create', '-f', '-'], { stdin: JSON.stringify(object) });
let operator: OperatorProcess;
let uninstall: () => Promise<void>;

beforeAll(async () => {
  uninstall = await installOperator(system);
  operator = await startOperator(system);
}, 120_000);
afterAll(async () => {
  await operator?.stop('SIGTERM');
  await uninstall?.();
});

const url = (path: string) => {
  const line = operator.log.find(entry => entry.includes('"msg":"starting"')) ?? '{}';
  return `http://127.0.0.1:${(JSON.parse(line) as { healthPort: number }).healthPort}${path}`;
};
const troubles = () => operator.log.filter(line => line.includes('watch interrupted')).length;

const ask = async (path: string, token?: string) => {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(url(path), { headers });
  return { status: response.status, text: await response.text() };
};

describe('K26 the port for health', () => {
  test('says whether it lives, and nothing else, to anybody', async () => {
    expect(await ask('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    expect(await ask('/readyz')).toEqual({ status: 200, text: 'leading\n' });
    for (const path of ['/', '/debug', '/debug/pprof/', '/metrics/', '/%6detrics', '/healthz/../metrics', '//metrics'])
      expect(await ask(path), path).toMatchObject({ text: expect.not.stringContaining('creel_') });
  });

  test.each([
    ['no token', undefined],
    ['a token nobody minted', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln'],
    ['an endless one', 'x'.repeat(9000)],
  ])('gives its counters to nobody with %s', async (_what, token) => {
    const { status, text } = await ask('/metrics', token);
    expect(status).toBe(401);
    expect(text).not.toContain('creel_');
  });

  test('gives them to who may get /metrics, and not before', async () => {
    await kubectl('create', 'serviceaccount', 'prometheus', '-n', system);
    const token = (await kubectl('create', 'token', 'prometheus', '-n', system)).trim();
    expect(await ask('/metrics', token)).toMatchObject({
      status: 403,
      text: expect.stringContaining('creel-metrics-reader'),
    });
    const account = `--serviceaccount=${system}:prometheus`;
    await kubectl('create', 'clusterrolebinding', system, '--clusterrole=creel-metrics-reader', account);
    try {
      await expect
        .poll(async () => (await ask('/metrics', token)).text, { timeout: 15_000 })
        .toContain('creel_leading 1');
      const forTheHub = await kubectl('create', 'token', 'prometheus', '-n', system, '--audience=creel-hub');
      expect(await ask('/metrics', forTheHub.trim())).toMatchObject({ status: 401 });
    } finally {
      await kubectl('delete', 'clusterrolebinding', system);
    }
  });
});

test('K37 a kind that is deleted under it: it asks again ever more seldom, stops no sandbox, and goes on when the kind is back', async () => {
  const metadata = { name: 'kept', namespace: sandboxes };
  await create({
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata,
    spec: { image: 'creel.example/agent:1' },
  });
  const pod = () => kubectl('get', 'pod', 'csb-kept', '-n', sandboxes, '--output=jsonpath={.metadata.uid}');
  const before = await waitUntil(() => pod().catch(() => undefined), { what: 'its pod', timeoutMs: 30_000 });
  const known = troubles();
  try {
    await kubectl('delete', 'crd', 'egresspolicies.creel.dev');
    await waitUntil(async () => (troubles() > known + 1 ? true : undefined), {
      what: 'it to notice',
      timeoutMs: 30_000,
    });
    const noticed = troubles();
    await new Promise(resolve => setTimeout(resolve, 5_000));
    expect(troubles() - noticed).toBeLessThan(10);
    expect(operator.process.exitCode).toBe(null);
    expect(await pod()).toBe(before);
  } finally {
    const crds = new URL('../../crds', import.meta.url).pathname;
    await kubectl('apply', '--server-side', `--filename=${crds}`);
  }
  await kubectl('wait', '--for=condition=Established', 'crd', 'egresspolicies.creel.dev', '--timeout=30s');
  await create({
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'EgressPolicy',
    metadata: { name: 'after', namespace: sandboxes },
    spec: { sandboxSelector: {} },
  });
  await kubectl('wait', '--for=condition=Accepted', 'egp', 'after', '-n', sandboxes, '--timeout=60s');
  expect(await pod()).toBe(before);
});
