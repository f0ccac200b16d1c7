// The webhook as the chart installs it: pods behind a Service, replaced under load without one failed call.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiCaller, openApiCaller } from '../../webhook/testing/api-caller.ts';
import { CommandError } from '../cluster/base/run-command.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { testNamespace } from '../cluster/test-namespace.ts';
import { creelUnderTest } from './creel-under-test.ts';
import { creelNamespace } from './install-creel.ts';

const namespace = testNamespace('webhook');
const kubectl = (...args: string[]) => currentCluster().kubectl(args);
let caller: ApiCaller | undefined;

beforeAll(async () => {
  await creelUnderTest();
  caller = await openApiCaller();
});
afterAll(() => caller?.close());

const policy = (host: string) => ({
  apiVersion: 'creel.dev/v1alpha1',
  kind: 'EgressPolicy',
  metadata: { name: 'p' },
  spec: { sandboxSelector: {}, allow: [{ name: 'r', to: [{ host, ports: [443] }], protocol: 'TLS' }] },
});

function tryPolicy(host: string) {
  if (caller === undefined) throw new Error('the set-up failed');
  const path = `/apis/creel.dev/v1alpha1/namespaces/${namespace}/egresspolicies`;
  return caller.call({ method: 'POST', path, query: { dryRun: 'All' }, body: policy(host) });
}

test('an author hears from it through kubectl', async () => {
  const create = currentCluster().kubectl(['create', '-n', namespace, '--filename=-'], {
    stdin: JSON.stringify(policy('*.com')),
  });
  const error = await create.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(CommandError);
  expect((error as CommandError).stderr).toContain(
    'The EgressPolicy "p" is invalid: spec.allow[0] (r): host *.com would allow every domain under com',
  );
});

test('its pods are replaced under load, as by an upgrade, and no call fails', async () => {
  const failures: string[] = [];
  let calls = 0;
  const over = new AbortController();
  const load = async () => {
    while (!over.signal.aborted) {
      const { status, message } = await tryPolicy('a.example');
      calls++;
      if (status !== 201) failures.push(`${status} ${message}`);
    }
  };
  const loads = Promise.all([load(), load()]);
  await kubectl('rollout', 'restart', 'deployment/creel-webhook', '-n', creelNamespace);
  await kubectl('rollout', 'status', 'deployment/creel-webhook', '-n', creelNamespace, '--timeout=120s');
  // Those that are replaced answer until their grace period ends.
  await expect.poll(podCount, { timeout: 60_000 }).toBe(await wantedPods());
  over.abort();
  await loads;
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(50);
});

async function podCount(): Promise<number> {
  const names = await kubectl(
    'get',
    'pods',
    '-n',
    creelNamespace,
    '-l',
    'app.kubernetes.io/component=webhook',
    '-o',
    'name',
  );
  return names.split('\n').filter(name => name !== '').length;
}

async function wantedPods(): Promise<number> {
  return Number(await kubectl('get', 'deployment/creel-webhook', '-n', creelNamespace, '-o=jsonpath={.spec.replicas}'));
}
