import { afterEach, describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { ObjectStore } from '../../kube/object-store.ts';
import { systemClock } from '../../kube/system-clock.ts';
import { renewServerKeys } from '../../kube/tls/renew-server-keys.ts';
import type { Namespace } from '../core-types.ts';
import { sampleRequest, sampleSandbox } from '../testing/sample-sandbox.ts';
import { maxQueued, runNotifier } from './notifier.ts';
import type { NotifierSettings } from './notifier-settings.ts';
import { type Receiver, receiveMessages } from './testing/receive-messages.ts';

const pace = { gatherMs: 30, firstRetryMs: 40, longestRetryMs: 80 };
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function receiver(keys?: { cert: string; key: string }): Promise<Receiver> {
  const made = await receiveMessages(keys);
  closing.push(() => made.close());
  return made;
}

function notify(url: string, change: Partial<NotifierSettings> = {}) {
  const requests = new ObjectStore<ApprovalRequest>();
  const sandboxes = new ObjectStore<Sandbox>();
  const namespaces = new ObjectStore<Namespace>();
  const counted: Record<string, number> = {};
  const warnings: string[] = [];
  const end = new AbortController();
  const done = runNotifier(
    {
      settings: { url: new URL(url), format: 'JSON', digestMs: 300, ...change },
      requests,
      sandboxes,
      namespaces,
      clock: systemClock,
      random: Math.random,
      counters: { notified: (outcome, by) => void (counted[outcome] = (counted[outcome] ?? 0) + by) },
      warn: message => void warnings.push(message),
      pace,
    },
    end.signal,
  );
  closing.unshift(async () => {
    end.abort();
    await done;
  });
  return { requests, sandboxes, namespaces, counted, warnings };
}

let version = 10;
function request(
  name: string,
  change: Partial<ApprovalRequest['spec']> = {},
  status: ApprovalRequest['status'] = {},
): ApprovalRequest {
  const made = sampleRequest(change, { phase: 'Pending', hits: 1, ...status });
  return { ...made, metadata: { ...made.metadata, name, uid: `uid-${name}`, resourceVersion: String(version++) } };
}
const egress = (host: string, port = 443) => ({ egress: { host, port, reason: 'NotListed' as const } });
const until = (look: () => unknown) => expect.poll(look, { timeout: 5_000, interval: 5 });
interface Body {
  readonly total: number;
  readonly more: number;
  readonly groups: readonly { readonly target: string; readonly requests: readonly Record<string, unknown>[] }[];
}
const bodies = ({ received }: Receiver) => received.map(({ body }) => body as unknown as Body);
const targets = (body: Body | undefined) => body?.groups.map(({ target }) => target).toSorted();

describe('what is told', () => {
  test('together what came together, by host, with the facts and the line to type', async () => {
    const hook = await receiver();
    const { requests, counted } = notify(hook.url);
    requests.take({ type: 'Put', object: request('apr-a', egress('a.example'), { samples: ['GET /x'], hits: 3 }) });
    requests.take({ type: 'Put', object: request('apr-b', egress('b.example')) });
    requests.take({ type: 'Put', object: request('apr-c', egress('a.example', 8443)) });
    await until(() => counted['Sent']).toBe(1);
    const [first] = hook.received;
    expect(first).toMatchObject({ path: '/hook?token=s3cret', headers: { 'content-type': 'application/json' } });
    expect(first?.body).toMatchObject({ version: 1, type: 'creel.approvals.waiting', total: 3, more: 0 });
    expect(targets(bodies(hook)[0])).toEqual(['a.example', 'b.example']);
    const group = bodies(hook)[0]?.groups.find(({ target }) => target === 'a.example');
    expect(group?.requests).toHaveLength(2);
    expect(group).toMatchObject({ namespace: 'team-a', sandbox: 'my-assistant' });
    expect(group?.requests.find(({ name }) => name === 'apr-a')).toMatchObject({
      port: 443,
      hits: 3,
      sample: 'GET /x',
      approve: 'kubectl creel approve -n team-a apr/apr-a --for 1h',
    });
  });

  test('at most one message in the time, and what was decided meanwhile is not in it', async () => {
    const hook = await receiver();
    const { requests, counted } = notify(hook.url);
    requests.take({ type: 'Put', object: request('one') });
    await until(() => counted['Sent']).toBe(1);
    requests.take({ type: 'Put', object: request('two', egress('two.example')) });
    requests.take({ type: 'Put', object: request('three', egress('three.example')) });
    const decision = { verdict: 'Deny', by: 'alice' } as const;
    requests.take({
      type: 'Put',
      object: request('three', { ...egress('three.example'), decision }, { phase: 'Denied' }),
    });
    await until(() => counted['Sent']).toBe(2);
    expect(targets(bodies(hook)[1])).toEqual(['two.example']);
    expect((hook.received[1]?.atMs ?? 0) - (hook.received[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(290);
  });

  test('once, however often it is asked for; again when it was put off and the time is over', async () => {
    const hook = await receiver();
    const { requests, counted } = notify(hook.url, { digestMs: 50 });
    requests.take({ type: 'Put', object: request('one') });
    await until(() => counted['Sent']).toBe(1);
    requests.take({ type: 'Put', object: request('one', {}, { hits: 50 }) });
    const snoozed = { decision: { verdict: 'Snooze', for: '1h' } } as const;
    requests.take({ type: 'Put', object: request('one', snoozed, { phase: 'Snoozed' }) });
    requests.take({ type: 'Put', object: request('one', snoozed, { phase: 'Pending' }) });
    await until(() => counted['Sent']).toBe(2);
    expect(bodies(hook).map(({ total }) => total)).toEqual([1, 1]);
  });
});

const mute = (value: string) => ({ 'creel.dev/mute-notifications': value });

describe('mute', () => {
  test('a namespace for good, a sandbox for a time', async () => {
    const hook = await receiver();
    const { requests, namespaces, sandboxes, counted } = notify(hook.url);
    namespaces.take({ type: 'Put', object: { metadata: { name: 'team-a', annotations: mute('true') } } });
    requests.take({ type: 'Put', object: request('muted') });
    await until(() => counted['Muted']).toBe(1);
    namespaces.take({ type: 'Put', object: { metadata: { name: 'team-a', resourceVersion: '2' } } });
    const sandbox = sampleSandbox();
    const untilMs = Date.now() + 700;
    const metadata = { ...sandbox.metadata, annotations: mute(new Date(untilMs).toISOString()) };
    sandboxes.take({ type: 'Put', object: { ...sandbox, metadata } });
    requests.take({ type: 'Put', object: request('later') });
    await until(() => counted['Sent']).toBe(1);
    expect(hook.received[0]?.atMs).toBeGreaterThanOrEqual(untilMs);
    expect(bodies(hook)[0]).toMatchObject({ total: 1, groups: [{ requests: [{ name: 'later' }] }] });
  });

  test('what is muted for long holds nobody else up', async () => {
    const hook = await receiver();
    const { requests, sandboxes, counted } = notify(hook.url, { digestMs: 20 });
    const sandbox = sampleSandbox();
    const annotations = mute(new Date(Date.now() + 40 * 86_400_000).toISOString());
    sandboxes.take({ type: 'Put', object: { ...sandbox, metadata: { ...sandbox.metadata, annotations } } });
    requests.take({ type: 'Put', object: request('muted') });
    await new Promise(resolve => setTimeout(resolve, 100));
    requests.take({ type: 'Put', object: request('other', { sandbox: { name: 'other', uid: 'u2' } }) });
    await until(() => counted['Sent']).toBe(1);
    expect(bodies(hook)[0]).toMatchObject({ total: 1, groups: [{ requests: [{ name: 'other' }] }] });
  });
});

describe('when it goes wrong', () => {
  test('a failing receiver is tried again with what waits by then; no warning shows the address', async () => {
    const hook = await receiver();
    let calls = 0;
    hook.answer = () => ({ status: ++calls < 3 ? 503 : 200 });
    const { requests, counted, warnings } = notify(hook.url);
    requests.take({ type: 'Put', object: request('one') });
    await until(() => counted['Failed']).toBeGreaterThanOrEqual(1);
    requests.take({ type: 'Put', object: request('two', egress('two.example')) });
    await until(() => counted['Sent']).toBe(1);
    expect(counted).toEqual({ Failed: 2, Sent: 1 });
    expect(bodies(hook).at(-1)?.total).toBe(2);
    expect(warnings.join()).toContain('HTTP 503');
    expect(warnings.join()).not.toContain('s3cret');
  });

  test('Retry-After is kept', async () => {
    const hook = await receiver();
    hook.answer = () => (hook.received.length < 2 ? { status: 429, headers: { 'retry-after': '1' } } : { status: 200 });
    const { requests, counted } = notify(hook.url);
    requests.take({ type: 'Put', object: request('one') });
    await until(() => counted['Sent']).toBe(1);
    expect((hook.received[1]?.atMs ?? 0) - (hook.received[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test('a redirect is followed nowhere, and counts what it cost', async () => {
    const [hook, elsewhere] = [await receiver(), await receiver()];
    hook.answer = () => ({ status: 307, headers: { location: elsewhere.url } });
    const { requests, counted, warnings } = notify(hook.url);
    for (const name of ['one', 'two']) requests.take({ type: 'Put', object: request(name) });
    await until(() => counted['Dropped']).toBe(2);
    expect(elsewhere.received).toEqual([]);
    expect(warnings).toEqual([
      'notification refused (HTTP 307: redirects are not followed); 2 requests were not told of',
    ]);
  });

  test('a receiver that never answers holds nothing up: the queue is bounded, what is beyond it is counted exactly', async () => {
    const hook = await receiver();
    hook.answer = () => undefined;
    const { requests, counted } = notify(hook.url);
    requests.take({ type: 'Put', object: request('first') });
    await until(() => hook.received.length).toBe(1);
    for (let index = 0; index < maxQueued + 41; index++)
      requests.take({ type: 'Put', object: request(`more-${index}`, egress(`h${index}.example`)) });
    expect(counted).toEqual({ Dropped: 42 });
  });

  const keys = renewServerKeys(undefined, 'localhost', Date.now());
  test.each<[string, string, string | undefined, boolean]>([
    ['a known authority', 'localhost', keys.caCert, true],
    ['an unknown authority', 'localhost', undefined, false],
    ['another name', '127.0.0.1', keys.caCert, false],
  ])('HTTPS with %s', async (_what, host, ca, delivered) => {
    const hook = await receiver(keys);
    const { requests, counted } = notify(hook.url.replace('localhost', host), ca === undefined ? {} : { ca });
    requests.take({ type: 'Put', object: request('one') });
    await until(() => counted[delivered ? 'Sent' : 'Failed']).toBeGreaterThanOrEqual(1);
    expect(hook.received.length).toBe(delivered ? 1 : 0);
  });
});
