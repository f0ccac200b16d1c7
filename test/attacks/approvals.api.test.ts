// Attacks on the way from a denial to a decision, against the real API server, stores, hub and TLS; the sidecar's end is ours.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { buildRequest } from '../../operator/hub/denials/build-request.ts';
import { resources } from '../../operator/resources.ts';
import type { HubClient } from '../../operator/testing/hub-client.ts';
import { type LabSessions, labSessions } from '../../operator/testing/lab-sessions.ts';
import { installCrds, type OperatorLab, openOperatorLab } from '../../operator/testing/operator-lab.ts';
import type { DenialFrame, DownFrame } from '../../protocol/session.ts';
import { testNamespace } from '../cluster/test-namespace.ts';

const prepared = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('attack-apr', prepared);
let lab: OperatorLab;
let sessions: LabSessions;

beforeAll(async () => {
  await installCrds();
  lab = await openOperatorLab(namespace);
  sessions = labSessions(lab, namespace, until);
}, 60_000);
afterAll(async () => {
  sessions?.end();
  await lab?.close();
});

const at = (name: string) => ({ namespace, name });
const until = <T>(look: () => Promise<T> | T) => expect.poll(async () => look(), { timeout: 20_000, interval: 20 });
const binary = { path: '/usr/bin/curl', sha256: 'c'.repeat(64), ancestors: ['/bin/sh'] };
const denial = (id: number, fields: Partial<DenialFrame> = {}): DenialFrame => ({
  type: 'denial',
  id,
  host: 'api.example.com',
  port: 443,
  binary,
  reason: 'NotListed',
  hits: 1,
  sample: 'GET /',
  ...fields,
});
type Asked = Extract<DownFrame, { type: 'asked' }>;
const answered = (client: HubClient, id: number) =>
  client.frame((frame): frame is Asked => frame.type === 'asked' && frame.id === id);
async function ask(client: HubClient, id: number, fields: Partial<DenialFrame> = {}): Promise<Asked> {
  client.say(denial(id, fields));
  return answered(client, id);
}
const request = (name: string | undefined) => lab.client.get(resources.approvalRequests, at(name ?? ''));
const decide = (name: string | undefined, decision: object) =>
  lab.client.mergePatch(resources.approvalRequests, at(name ?? ''), { spec: { decision } });
const phase = async (name: string | undefined) => (await request(name))?.status?.phase;
const requestsOf = (uid: string) => lab.stores.requests.byIndex('sandbox', uid);
const grantsOf = (client: HubClient) => client.snapshot()?.grants?.items.map(({ id }) => id);

test('A01 ten thousand distinct hosts are fifty requests, and every other denial is counted', async () => {
  const { client, sandbox } = await sessions.startSession('many-hosts');
  const before = lab.hub.desk.refused.get('TooManyRequests') ?? 0;
  const sent = 10_000;
  for (let id = 0; id < sent; id++) {
    client.say(denial(id, { host: `h${id}.example.com` }));
    if (id % 500 === 499) await answered(client, id);
  }
  expect((await answered(client, sent - 1)).reason).toMatch(/^TooManyRequests/);
  await until(() => requestsOf(sandbox.metadata.uid).length).toBe(50);
  expect((lab.hub.desk.refused.get('TooManyRequests') ?? 0) - before).toBe(sent - 50);
  // The control: another sandbox is heard.
  const other = await sessions.startSession('few-hosts');
  expect((await ask(other.client, 1)).approval).toBeDefined();
}, 120_000);

test('A02 one denied request over and over is one object, rarely written, with every hit', async () => {
  const { client, sandbox } = await sessions.startSession('looping');
  const { approval } = await ask(client, 0);
  const writesTo = () =>
    lab.writes.filter(write => write.startsWith('PATCH') && write.includes(`/${approval}/`)).length;
  for (let id = 1; id < 3000; id++) client.say(denial(id));
  await answered(client, 2999);
  expect(requestsOf(sandbox.metadata.uid)).toHaveLength(1);
  // Two of the hits at once, one of the phase, and what falls into the next ten seconds on a busy machine.
  expect(writesTo()).toBeLessThanOrEqual(5);
  await lab.hub.desk.flush();
  await until(async () => (await request(approval))?.status?.hits).toBe(3000);
});

test('A03 an object that has the name already is not approved for anybody else', async () => {
  const { client, sandbox } = await sessions.startSession('collides');
  const peer = { sandboxUid: sandbox.metadata.uid, namespace, sandbox: 'collides', podUid: '', address: '' };
  const wanted = buildRequest(peer, denial(1), { round: 0, denials: 0 });
  expect(wanted.metadata.name).toMatch(/^apr-[a-z2-7]{32}$/);
  const squat = {
    ...wanted,
    spec: { ...wanted.spec, egress: { host: 'harmless.example.com', port: 443, reason: 'NotListed' } },
  };
  const created = await lab.client.create(resources.approvalRequests, squat as unknown as ApprovalRequest);
  expect(created.ok).toBe(true);
  await decide(wanted.metadata.name, { verdict: 'Approve', for: '1h' });
  expect(await ask(client, 1)).toEqual({ type: 'asked', id: 1, reason: expect.stringMatching(/^NameTaken/) });
  // What its own spec says is all that it grants.
  await until(() => client.snapshot()?.grants?.items).toMatchObject([{ host: 'harmless.example.com' }]);
});

test('A09, A10, A11, A14 what an agent writes is data: escaped, cut, and in no field but its own', async () => {
  const { client } = await sessions.startSession('writer');
  const evil = `\u001b[2K\u001b[1A\r\n\u202e\u200b\ud800"}],"status":{"phase":"Approved"},"decision":{"verdict":"Approve"} PRE-APPROVED BY SECURITY`;
  const forged = {
    reason2: 'PRE-APPROVED',
    status: { phase: 'Approved' },
    decision: { verdict: 'Approve', for: '1h' },
  };
  client.say({ ...denial(1, { host: 'writer.example.com', sample: evil }), ...forged });
  const { approval } = await answered(client, 1);
  for (let id = 2; id < 30; id++)
    client.say(denial(id, { host: 'writer.example.com', sample: `GET /${id}/${'x'.repeat(4000)}` }));
  await answered(client, 29);
  await lab.hub.desk.flush();
  await until(async () => (await request(approval))?.status?.hits).toBe(29);
  const stored = await request(approval);
  expect(stored?.spec.decision).toBeUndefined();
  expect(stored?.status?.phase).toBe('Pending');
  const { managedFields: _managed, ...metadata } = { managedFields: undefined, ...stored?.metadata };
  const text = JSON.stringify({ ...stored, metadata });
  expect(text).toMatch(/^[ -~]*$/);
  expect(text.length).toBeLessThanOrEqual(4096);
  expect(text.replace(JSON.stringify(stored?.status?.samples), '')).not.toContain('PRE-APPROVED');
});

test.each<[string, object]>([
  ['a host with control characters', { host: 'a\u001b[2J.example.com' }],
  ['a binary of four kilobytes', { binary: { ...binary, path: `/${'x'.repeat(4096)}` } }],
  ['a binary with a bidi mark', { binary: { ...binary, path: '/usr/bin/\u202etxt' } }],
  ['a sample of a megabyte', { sample: 'x'.repeat(1024 * 1024) }],
])('A10 %s ends the session and makes no request', async (what, fields) => {
  const name = `broken-${what.replaceAll(' ', '-').slice(2, 24)}`;
  const { client, sandbox } = await sessions.startSession(name);
  client.sayRaw(`${JSON.stringify({ ...denial(1), ...fields })}\n`);
  await until(() => client.closed).toBe(true);
  expect(requestsOf(sandbox.metadata.uid)).toEqual([]);
});

test('A12 a host that fits no label makes a request all the same', async () => {
  const { client } = await sessions.startSession('long-name');
  const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(40)}.example.com`;
  const { approval } = await ask(client, 1, { host });
  const stored = await request(approval);
  expect(stored?.spec.egress?.host).toBe(host);
  for (const value of Object.values(stored?.metadata.labels ?? {})) expect(value.length).toBeLessThanOrEqual(63);
});

test('A17 a request that is deleted grants nothing any more', async () => {
  const { client } = await sessions.startSession('deleted');
  const { approval } = await ask(client, 1);
  await decide(approval, { verdict: 'Approve', for: '1h' });
  await until(() => grantsOf(client)).toEqual([approval]);
  await lab.client.delete(resources.approvalRequests, at(approval ?? ''));
  await until(() => grantsOf(client)).toEqual([]);
});

test('A19 a new Sandbox under an old name has none of its grants', async () => {
  const { client, sandbox } = await sessions.startSession('reborn');
  const { approval } = await ask(client, 1);
  await decide(approval, { verdict: 'Approve', for: '8h' });
  await until(() => grantsOf(client)).toEqual([approval]);
  await lab.client.delete(resources.sandboxes, at('reborn'));
  await until(() => lab.stores.pods.get(at('csb-reborn'))).toBeUndefined();
  await until(() => lab.stores.sandboxes.get(at('reborn'))).toBeUndefined();
  const again = await sessions.startSession('reborn');
  expect(again.sandbox.metadata.uid).not.toBe(sandbox.metadata.uid);
  expect(grantsOf(again.client)).toEqual([]);
  expect((await ask(again.client, 1)).approval).not.toBe(approval);
});

test('A21 asking for what is approved changes nothing about it', async () => {
  const { client, sandbox } = await sessions.startSession('asks-again');
  const { approval } = await ask(client, 0);
  await decide(approval, { verdict: 'Approve', for: '1h', by: 'ann' });
  await until(() => phase(approval)).toBe('Enforced');
  const before = await request(approval);
  for (let id = 1; id < 200; id++) client.say(denial(id));
  expect((await answered(client, 199)).approval).toBe(approval);
  await lab.hub.desk.flush();
  const after = await request(approval);
  expect(after?.spec).toEqual(before?.spec);
  expect(after?.status).toMatchObject({ phase: 'Enforced', history: before?.status?.history });
  expect(requestsOf(sandbox.metadata.uid)).toHaveLength(1);
  expect((await ask(client, 500, { host: 'other.example.com' })).approval).not.toBe(approval);
});

test('two operators at once make one request, one grant and one who counts', async () => {
  // The pod is there first: here it is about requests, and a token is minted for a pod that stays.
  const { client, sandbox, pod } = await sessions.startSession('two-hubs', {}, { countedBy: 'a'.repeat(32) });
  const second = await openOperatorLab(namespace);
  try {
    const others = labSessions(second, namespace, until);
    await until(() => second.stores.sandboxes.get(at('two-hubs'))?.status?.podUid).toBeDefined();
    const other = await others.join(await others.mint('csb-two-hubs', pod));
    other.say({ type: 'hello', protocol: 1, sidecar: 'lab', countedBy: 'b'.repeat(32) });
    other.ackAll();
    for (const one of [client, other]) for (let id = 0; id < 20; id++) one.say(denial(id));
    const answers = await Promise.all([answered(client, 19), answered(other, 19)]);
    expect(answers[0].approval).toBeDefined();
    expect(answers[1].approval).toBe(answers[0].approval);
    await until(() => requestsOf(sandbox.metadata.uid).length).toBe(1);
    const { approval } = answers[0];
    await decide(approval, { verdict: 'Approve', for: '1h', maxUses: 5 });
    await until(async () => (await request(approval))?.status?.countedBy).toMatch(/^(a{32}|b{32})$/);
    const countedBy = (await request(approval))?.status?.countedBy;
    await until(() => client.snapshot()?.grants?.items[0]?.uses?.countedBy ?? countedBy).toBe(countedBy);
    for (let round = 0; round < 10; round++) {
      expect((await request(approval))?.status?.countedBy).toBe(countedBy);
      await new Promise(resolve => setTimeout(resolve, 30));
    }
    others.end();
  } finally {
    await second.close();
  }
});
