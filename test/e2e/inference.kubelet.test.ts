// A sandbox without any policy: its inference route, and nothing else; route and key change while it runs.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { type CreelUnderTest, creelUnderTest } from './creel-under-test.ts';
import { fetchInside } from './fetch-inside.ts';
import { runCreel } from './run-creel.ts';
import { SandboxNamespace } from './sandbox-namespace.ts';

const namespace = new SandboxNamespace(currentCluster(), `e2e-inference-${process.pid}`);
const firstKey = 'key-of-monday';
const nextKey = 'key-of-tuesday';
let creel: CreelUnderTest;

/** Asks as an OpenAI client would, and answers which model and key arrived outside. */
async function ask() {
  const body = '{"model":"whatever","messages":[{"role":"user","content":"hi"}]}';
  const { stdout } = await namespace.inside(
    'agent',
    `curl -sS -m 20 -w '\n%{http_code}' https://inference.local/v1/chat/completions -H 'content-type: application/json' -d '${body}'`,
  );
  const last = (await creel.outside.requests(({ host }) => host === 'model.test')).at(-1);
  const { model } = JSON.parse(last?.body ?? '{}') as { model?: string };
  return { status: Number(stdout.split('\n').at(-1)), model, authorization: last?.headers['authorization'] };
}

interface Pod {
  readonly metadata: { readonly uid: string };
  readonly status: { readonly containerStatuses: readonly { readonly restartCount: number }[] };
}
const identity = async () => {
  const { metadata, status } = await namespace.get<Pod>('pod', 'csb-agent');
  return [metadata.uid, ...status.containerStatuses.map(({ restartCount }) => restartCount)];
};

beforeAll(async () => {
  creel = await creelUnderTest();
  await creel.outside.reset();
  await creel.outside.setModel({ apiKey: firstKey });
  await namespace.create();
  await namespace.applyKey('model-key', firstKey, 'model.test');
  await namespace.applyProfile('small', 'test/small', 'model-key');
  await namespace.applyProfile('large', 'test/large', 'model-key');
  await namespace.applySandbox('agent', { inference: { profile: 'small' }, egress: { onUnlisted: 'Deny' } });
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
});
afterAll(() => namespace.delete());

test('the route answers, with the profile’s model and key', async () => {
  expect(await ask()).toEqual({ status: 200, model: 'test/small', authorization: `Bearer ${firstKey}` });
});

test('everything else is refused, the model’s own host included: no question to a person, none to DNS', async () => {
  for (const host of ['elsewhere.example.org', 'model.test']) {
    const before = await creel.outside.countDnsQueries(host);
    const secure = await namespace.inside('agent', `curl -sS -m 10 https://${host}/`);
    expect(secure).toMatchObject({ exitCode: 35, stderr: expect.stringContaining('reset by peer') });
    const plain = await fetchInside(namespace, 'agent', `http://${host}/`);
    expect(plain.status).toBe(403);
    expect(JSON.parse(plain.body)).toMatchObject({ error: 'NotListed', host, port: 80 });
    expect(await creel.outside.countDnsQueries(host)).toBe(before);
  }
  const inCluster = await namespace.inside('agent', 'curl -sS -m 10 https://kubernetes.default.svc.cluster.local/');
  expect(inCluster.stderr).toContain('Could not resolve host');
  const address = await namespace.inside('agent', 'curl -sS -m 10 https://93.184.215.14/');
  expect(address.exitCode).toBe(35);
  expect(await creel.outside.requests(({ kind }) => kind === 'web')).toEqual([]);
  expect(await namespace.kubectl(['get', 'apr', '--output=name'])).toBe('');
});

test('`kubectl creel inference set` switches the model in under a second, and nothing restarts', async () => {
  const before = await identity();
  const { kubeconfigPath } = creel.cluster;
  const set = ['inference', 'set', '--sandbox', 'agent', '--profile', 'large'];
  const { stdout, stderr } = await runCreel(kubeconfigPath, namespace.name, set);
  expect(stderr).toBe('');
  expect(stdout).toContain('agent now talks to test/large by profile large');
  expect(Number(/\((\d+) ms\)/.exec(stdout)?.[1])).toBeLessThan(1000);
  expect(await ask()).toMatchObject({ status: 200, model: 'test/large' });
  expect(await identity()).toEqual(before);
});

test('a changed key in the Secret is used without a restart; the old one no longer', async () => {
  const before = await identity();
  await creel.outside.setModel({ apiKey: nextKey });
  expect(await ask()).toMatchObject({ authorization: `Bearer ${firstKey}` });
  await namespace.applyKey('model-key', nextKey, 'model.test');
  await waitUntil(async () => ((await ask()).authorization === `Bearer ${nextKey}` ? true : undefined), {
    what: 'the new key to be used',
    timeoutMs: 40_000,
    intervalMs: 1000,
  });
  expect(await ask()).toMatchObject({ status: 200, authorization: `Bearer ${nextKey}` });
  expect(await identity()).toEqual(before);
});

test('a Secret that may no longer be sent there ends the route, with the remedy in the condition', async () => {
  await namespace.kubectl(['annotate', 'secret', 'model-key', 'creel.dev/allowed-hosts-']);
  await namespace.waitForCondition('csb', 'agent', 'InferenceReady', 'False', 40_000);
  const calls = (await creel.outside.requests(({ host }) => host === 'model.test')).length;
  expect((await ask()).status).toBe(503);
  expect((await creel.outside.requests(({ host }) => host === 'model.test')).length).toBe(calls);
  const { status } = await namespace.waitForSandbox('agent', 'to say why', () => true);
  expect(status?.conditions?.find(({ type }) => type === 'InferenceReady')?.message).toContain(
    `kubectl annotate secret model-key -n ${namespace.name} --overwrite creel.dev/allowed-hosts=model.test`,
  );
});
