// The real operator tells a real receiver of a request on a real API server, and goes on deciding while the receiver does not answer.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../../test/cluster/base/wait-until.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { testNamespace } from '../../test/cluster/test-namespace.ts';
import { installOperator, startOperator } from '../testing/start-operator.ts';
import { type Receiver, receiveMessages } from './testing/receive-messages.ts';

const system = testNamespace('notify-system');
const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('notify', labels);
const variables = ['CREEL_NOTIFY_URL', 'CREEL_NOTIFY_FORMAT', 'CREEL_NOTIFY_DIGEST_SECONDS', 'CREEL_NOTIFY_PLAIN_HTTP'];
let operator: Awaited<ReturnType<typeof startOperator>>;
let uninstall: () => Promise<void>;
let hook: Receiver;

beforeAll(async () => {
  hook = await receiveMessages();
  uninstall = await installOperator(system);
  const values = [hook.url, 'Slack', '1', 'true'];
  for (const [at, name] of variables.entries()) process.env[name] = values[at];
  operator = await startOperator(system);
}, 120_000);
afterAll(async () => {
  for (const name of variables) delete process.env[name];
  await operator?.stop('SIGTERM');
  await uninstall?.();
  await hook?.close();
});

const kubectl = (args: readonly string[], stdin?: string) =>
  currentCluster().kubectl(['-n', namespace, ...args], stdin === undefined ? {} : { stdin });

/** A Sandbox that asks for a GPU; answers the name of its request. */
async function ask(name: string, annotations: Readonly<Record<string, string>> = {}): Promise<string> {
  const sandbox = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: { name, annotations },
    spec: { image: 'i', gpu: {} },
  };
  await kubectl(['create', '--filename=-'], JSON.stringify(sandbox));
  const find = async () => {
    const { items } = JSON.parse(await kubectl(['get', 'apr', '--output=json'])) as {
      items: { metadata: { name: string }; spec: { sandbox: { name: string } }; status?: { phase?: string } }[];
    };
    return items.find(({ spec, status }) => spec.sandbox.name === name && status?.phase === 'Pending')?.metadata.name;
  };
  return await waitUntil(find, { what: `a request of ${name}`, timeoutMs: 20_000 });
}
const textOf = (at: number) => JSON.stringify(hook.received[at]?.body);

test('a request that waits is told of with the line to type', async () => {
  const request = await ask('first');
  await waitUntil(() => hook.received[0], {
    what: 'a message',
    timeoutMs: 20_000,
    explain: () => operator.log.slice(-5).join('\n'),
  });
  expect(textOf(0)).toContain(`kubectl creel approve -n ${namespace} apr/${request} --for 8h`);
  expect(textOf(0)).toContain(`*${namespace}/first* asks for a GPU: \`nvidia.com/gpu\``);
  expect(operator.log.join('\n')).not.toContain('s3cret');
});

test('a muted Sandbox is not', async () => {
  const before = hook.received.length;
  await ask('quiet', { 'creel.dev/mute-notifications': 'true' });
  const loud = await ask('loud');
  await waitUntil(() => hook.received[before], { what: 'the next message', timeoutMs: 20_000 });
  expect(textOf(before)).toContain(loud);
  expect(hook.received.slice(before).some((_message, at) => textOf(before + at).includes('quiet'))).toBe(false);
});

test('while the receiver does not answer, decisions take effect', async () => {
  hook.answer = () => undefined;
  const before = hook.received.length;
  const request = await ask('urgent');
  await waitUntil(() => hook.received[before], { what: 'a call that gets no answer', timeoutMs: 20_000 });
  const decision = { spec: { decision: { verdict: 'Approve', for: '1h', by: 'kubernetes-admin' } } };
  await kubectl(['patch', 'apr', request, '--type=merge', `--patch=${JSON.stringify(decision)}`]);
  await kubectl(['wait', `apr/${request}`, '--for=jsonpath={.status.phase}=Enforced', '--timeout=20s']);
  hook.answer = () => ({ status: 200 });
});
