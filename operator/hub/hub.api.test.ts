import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { hubAudience } from '../../protocol/constants.ts';
import type { DownFrame, UpFrame } from '../../protocol/session.ts';
import { testNamespace } from '../../test/cluster/test-namespace.ts';
import type { Pod } from '../core-types.ts';
import { resources } from '../resources.ts';
import { isSnapshot, type LabSessions, labSessions } from '../testing/lab-sessions.ts';
import { installCrds, type OperatorLab, openOperatorLab } from '../testing/operator-lab.ts';

const prepared = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('hub', prepared);
let lab: OperatorLab;

beforeAll(async () => {
  await installCrds();
  lab = await openOperatorLab(namespace);
  sessions = labSessions(lab, namespace, until);
});
afterAll(async () => {
  sessions.end();
  await lab.close();
});

const at = (name: string) => ({ namespace, name });
const until = <T>(look: () => Promise<T> | T) => expect.poll(async () => look(), { timeout: 10_000, interval: 10 });

let sessions: LabSessions;
const startSandbox: LabSessions['startSandbox'] = (name, spec) => sessions.startSandbox(name, spec);
const mint: LabSessions['mint'] = (account, pod, audience) => sessions.mint(account, pod, audience);
const join: LabSessions['join'] = token => sessions.join(token);
const startSession: LabSessions['startSession'] = (...args) => sessions.startSession(...args);
const isAsked =
  (id: number) =>
  (frame: DownFrame): frame is Extract<DownFrame, { type: 'asked' }> =>
    frame.type === 'asked' && frame.id === id;
const isDecided = (frame: DownFrame): frame is Extract<DownFrame, { type: 'decided' }> => frame.type === 'decided';
const binary = { path: '/usr/bin/curl', sha256: 'c'.repeat(64), ancestors: ['/bin/sh'] };
const denial = (id: number, fields: Partial<Extract<UpFrame, { type: 'denial' }>> = {}): UpFrame => ({
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
const request = (name: string | undefined) => lab.client.get(resources.approvalRequests, at(name ?? ''));
const decide = (name: string | undefined, decision: object) =>
  lab.client.mergePatch(resources.approvalRequests, at(name ?? ''), { spec: { decision } });

describe('a session', () => {
  test('of the recorded pod gets a welcome and the whole snapshot, and its ack reaches the status', async () => {
    const { client } = await startSession('first');
    expect(client.status).toBe(200);
    expect(client.frames[0]).toMatchObject({
      type: 'welcome',
      sandbox: `${namespace}/first`,
      forbiddenPort: lab.hub.forbiddenPort,
      controlPort: lab.hub.port,
    });
    expect(client.snapshot()).toMatchObject({
      policy: { onUnlisted: 'Ask' },
      grants: { items: [] },
      route: { reason: 'NoProfile' },
    });
    client.say({ type: 'health', fence: 'Verified', message: 'proved' });
    client.say({ type: 'networkPolicy', enforced: 'True', message: 'canary blocked' });
    const status = () => lab.stores.sandboxes.get(at('first'))?.status;
    await until(() => status()?.policy?.enforcedRevision).toBe(`1.${client.snapshot()?.revision.counter}`);
    await until(() =>
      status()
        ?.conditions?.filter(({ status: is }) => is === 'True')
        .map(({ type }) => type),
    ).toEqual(expect.arrayContaining(['FenceVerified', 'PolicyEnforced', 'NetworkPolicyEnforced']));
  });

  test('is one for a sandbox: the newer one replaces the older', async () => {
    const { client, pod } = await startSession('twice');
    const newer = await join(await mint('csb-twice', pod));
    newer.say({ type: 'hello', protocol: 1, sidecar: 'lab' });
    await newer.frame(isSnapshot);
    await until(() => client.closed).toBe(true);
    expect(client.frames.at(-1)).toEqual({ type: 'close', reason: 'Replaced' });
    expect(newer.closed).toBe(false);
  });

  test('ends when the pod turns out to have another address', async () => {
    const { client, pod } = await startSession('elsewhere');
    await lab.client.patchStatus(resources.pods, at('csb-elsewhere'), {
      metadata: { uid: pod.metadata.uid },
      status: { podIP: '10.9.9.9', podIPs: [{ ip: '10.9.9.9' }] },
    });
    await until(() => client.closed).toBe(true);
    expect(client.frames.at(-1)).toEqual({ type: 'close', reason: 'WrongAddress' });
    expect((await join(await mint('csb-elsewhere', pod))).status).toBe(403);
  });
});

describe('nobody else gets in:', () => {
  let pod: Pod;
  test('(there is a sandbox to get at)', async () => {
    ({ pod } = await startSandbox('wanted'));
  });
  test.each<[string, number, () => Promise<string>]>([
    ['no token', 401, async () => 'x'],
    [
      'a made-up token',
      401,
      async () =>
        `e30.${Buffer.from(JSON.stringify({ aud: [hubAudience], exp: 2_000_000_000, 'kubernetes.io': { pod: { uid: pod.metadata.uid } } })).toString('base64url')}.AA`,
    ],
    ['a token for the API server', 401, () => mint('csb-wanted', pod, 'https://kubernetes.default.svc')],
    ['a token of no pod', 401, () => mint('csb-wanted', undefined)],
    [
      'a token of a pod that no Sandbox records',
      403,
      async () => {
        await lab.client.create(resources.serviceAccounts, { metadata: at('stranger') });
        const foreign = await lab.client.create(resources.pods, {
          metadata: at('stranger'),
          spec: {
            containers: [{ name: 'a', image: 'x' }],
            serviceAccountName: 'stranger',
            automountServiceAccountToken: false,
          },
        } as Pod);
        if (!foreign.ok) throw new Error(foreign.refusal.message);
        return mint('stranger', foreign.object);
      },
    ],
  ])('%s', async (_what, status, token) => {
    expect((await join(await token())).status).toBe(status);
  });

  test('the token of a pod that is gone', async () => {
    const { pod: gone } = await startSandbox('gone');
    const token = await mint('csb-gone', gone);
    await lab.client.mergePatch(resources.sandboxes, at('gone'), { spec: { lifecycle: { suspend: true } } });
    await until(() => lab.stores.pods.get(at('csb-gone'))).toBeUndefined();
    expect((await join(token)).status).toBe(403);
  });
});

describe('from a denial to an effect', () => {
  test('fifty equal denials are one request with fifty hits', async () => {
    const { client, sandbox } = await startSession('noisy');
    for (let id = 0; id < 50; id++) client.say(denial(id));
    const { approval } = await client.frame(isAsked(49));
    expect(approval).toMatch(/^apr-[a-z2-7]{32}$/);
    const all = () => lab.stores.requests.byIndex('sandbox', sandbox.metadata.uid);
    await until(() => all().length).toBe(1);
    await lab.hub.desk.flush();
    await until(async () => (await request(approval))?.status).toMatchObject({
      hits: 50,
      phase: 'Pending',
      samples: ['GET /'],
    });
    expect(await request(approval)).toMatchObject({
      spec: {
        type: 'Egress',
        sandbox: { name: 'noisy', uid: sandbox.metadata.uid },
        egress: { host: 'api.example.com', port: 443, binary, reason: 'NotListed' },
      },
    });
    await until(() => lab.stores.sandboxes.get(at('noisy'))?.status?.pending).toBe(1);
  });

  test('approve: the grant is pushed, acked and said to be enforced; revoke: it is gone, and a new denial is a new request', async () => {
    const { client } = await startSession('asking');
    client.say(denial(1));
    const { approval } = await client.frame(isAsked(1));
    await decide(approval, { verdict: 'Approve', for: '1h' });
    await until(() => client.snapshot()?.grants?.items).toMatchObject([
      { id: approval, host: 'api.example.com', port: 443, binary: { path: binary.path, sha256: binary.sha256 } },
    ]);
    await until(async () => (await request(approval))?.status).toMatchObject({
      phase: 'Enforced',
      enforcedInMs: expect.any(Number),
      enforcedRevision: expect.stringMatching(/^1\./),
      decidedAt: expect.any(String),
      expiresAt: expect.any(String),
    });
    const { status } = (await request(approval)) as ApprovalRequest;
    expect(Date.parse(status?.expiresAt ?? '') - Date.parse(status?.decidedAt ?? '')).toBe(3_600_000);
    expect(status?.enforcedInMs).toBeLessThan(500);
    await decide(approval, { verdict: 'Revoke', for: null });
    await until(() => client.snapshot()?.grants?.items).toEqual([]);
    await until(async () => (await request(approval))?.status?.phase).toBe('Revoked');
    client.say(denial(2));
    const again = await client.frame(isAsked(2));
    expect(again.approval).not.toBe(approval);
    await until(async () => (await request(again.approval))?.status?.phase).toBe('Pending');
  });

  test('a grant ends by itself when its time is over', async () => {
    const { client } = await startSession('brief');
    client.say(denial(1));
    const { approval } = await client.frame(isAsked(1));
    await decide(approval, { verdict: 'Approve', for: '900ms' });
    await until(async () => (await request(approval))?.status?.phase).toBe('Enforced');
    await until(async () => (await request(approval))?.status?.phase).toBe('Expired');
    await until(() => client.snapshot()?.grants?.items).toEqual([]);
    expect((await request(approval))?.status?.history?.map(({ phase }) => phase).at(-1)).toBe('Expired');
  });

  test('A13 deny: the reason goes down at once, and the question does not come back', async () => {
    const { client, sandbox, pod } = await startSession('denied');
    client.say(denial(1));
    const { approval } = await client.frame(isAsked(1));
    await decide(approval, { verdict: 'Deny', reason: 'use the mirror' });
    const standing = { verdict: 'Denied', guidance: 'use the mirror', untilMs: expect.any(Number) };
    expect(await client.frame(isDecided)).toEqual({ type: 'decided', approval, standing });
    for (let id = 2; id < 30; id++) client.say(denial(id));
    expect(await client.frame(isAsked(29))).toMatchObject({ approval, standing });
    expect(lab.stores.requests.byIndex('sandbox', sandbox.metadata.uid)).toHaveLength(1);
    // A session of later hears of it as well.
    const later = await join(await mint('csb-denied', pod));
    later.say({ type: 'hello', protocol: 1, sidecar: 'lab' });
    expect(await later.frame(isDecided)).toMatchObject({ approval, standing });
  });

  test('snooze: it stops asking for a while, and comes back by itself', async () => {
    const { client } = await startSession('snoozed');
    client.say(denial(1));
    const { approval } = await client.frame(isAsked(1));
    await decide(approval, { verdict: 'Snooze', for: '1500ms' });
    expect(await client.frame(isDecided)).toMatchObject({ approval, standing: { verdict: 'Snoozed' } });
    await until(async () => (await request(approval))?.status?.phase).toBe('Snoozed');
    client.say(denial(2));
    expect(await client.frame(isAsked(2))).toMatchObject({ approval });
    await until(() => client.frames.filter(isDecided).at(-1)).toEqual({ type: 'decided', approval });
    expect((await request(approval))?.status).toMatchObject({ phase: 'Pending' });
    await decide(approval, { verdict: 'Snooze', for: '1h' });
    await until(async () => (await request(approval))?.status?.phase).toBe('Snoozed');
  });

  test('so many uses: counted by one memory, told now and then, over with the last one or when the memory is gone', async () => {
    const countedBy = 'c'.repeat(32);
    const { client, pod } = await startSession('counting', {}, { countedBy });
    const ask = async (id: number) => {
      client.say(denial(id, { host: `uses${id}.example.com` }));
      return (await client.frame(isAsked(id))).approval;
    };
    const [one, other] = [await ask(1), await ask(2)];
    for (const approval of [one, other]) await decide(approval, { verdict: 'Approve', for: '1h', maxUses: 3 });
    await until(async () => (await request(one))?.status).toMatchObject({ phase: 'Enforced', usesLeft: 3, countedBy });
    await until(() => client.snapshot()?.grants?.items.find(({ id }) => id === one)).toMatchObject({
      uses: { max: 3, countedBy },
    });
    client.say({ type: 'uses', uses: [{ approval: one ?? '', used: 1 }] });
    client.say({ type: 'uses', uses: [{ approval: one ?? '', used: 3 }] });
    // Before the status can know: the question is a new one.
    client.say(denial(3, { host: 'uses1.example.com' }));
    expect((await client.frame(isAsked(3))).approval).not.toBe(one);
    await until(async () => (await request(one))?.status).toMatchObject({
      phase: 'Expired',
      usesLeft: 0,
      history: expect.arrayContaining([expect.objectContaining({ phase: 'Expired', message: 'all 3 uses are spent' })]),
    });
    await until(() => client.snapshot()?.grants?.items.find(({ id }) => id === one)?.uses).toMatchObject({
      areUsedUp: true,
    });
    const later = await join(await mint('csb-counting', pod));
    later.say({ type: 'hello', protocol: 1, sidecar: 'lab', countedBy: 'd'.repeat(32) });
    await until(async () => (await request(other))?.status).toMatchObject({ phase: 'Expired', usesLeft: 3 });
    expect((await request(other))?.status?.history?.at(-1)?.message).toContain('memory that is gone');
    await until(() => later.snapshot()?.grants?.items.map(({ id }) => id)).toEqual([one]);
  });

  test('a policy that answers the question by itself closes the request', async () => {
    const { client } = await startSession('answered');
    client.say(denial(1, { host: 'later.example.com' }));
    const { approval } = await client.frame(isAsked(1));
    const to = [{ host: 'later.example.com', ports: [443] }];
    const written = await lab.client.create(resources.egressPolicies, {
      metadata: at('later'),
      spec: { sandboxSelector: {}, allow: [{ name: 'later', to, protocol: 'TLS' }] },
    } as never);
    expect(written).toMatchObject({ ok: true });
    await until(async () => (await request(approval))?.status?.phase).toBe('Superseded');
    client.say(denial(2, { host: 'later.example.com' }));
    expect((await client.frame(isAsked(2))).reason).toMatch(/^AlreadyAllowed/);
  });

  test.each([
    ['loopback', '127.0.0.1'],
    ['cloud metadata', '169.254.169.254'],
  ])('%s is never asked for (A18)', async (_what, host) => {
    const { client, sandbox } = await startSession(`never-${host.replaceAll('.', '-')}`);
    client.say(denial(1, { host }));
    const answer = await client.frame(isAsked(1));
    expect(answer.reason).toMatch(/^NeverAskable/);
    expect(answer.approval).toBeUndefined();
    expect(lab.stores.requests.byIndex('sandbox', sandbox.metadata.uid)).toEqual([]);
  });

  test('R19 more questions than a person can answer stop at the cap, and an Event says so', async () => {
    const { client, sandbox } = await startSession('flood');
    for (let id = 0; id < 80; id++) client.say(denial(id, { host: `h${id}.example.com` }));
    expect((await client.frame(isAsked(79))).reason).toMatch(/^TooManyRequests/);
    await until(() => lab.stores.requests.byIndex('sandbox', sandbox.metadata.uid).length).toBe(50);
    expect(lab.events.some(({ reason }) => reason === 'TooManyRequests')).toBe(true);
  });

  test('a grant for the session ends with the pod', async () => {
    const { client } = await startSession('session');
    client.say(denial(1));
    const { approval } = await client.frame(isAsked(1));
    await decide(approval, { verdict: 'Approve', for: 'session' });
    await until(async () => (await request(approval))?.status?.phase).toBe('Enforced');
    await lab.client.mergePatch(resources.sandboxes, at('session'), { spec: { lifecycle: { suspend: true } } });
    await until(async () => (await request(approval))?.status?.phase).toBe('Expired');
    await until(() => client.closed).toBe(true);
  });
});

test('an approval reaches the sidecar and is acked in milliseconds, forty times in a row', async () => {
  const { client } = await startSession('quick');
  const took: number[] = [];
  for (let id = 0; id < 40; id++) {
    client.say(denial(id, { host: `q${id}.example.com` }));
    const { approval } = await client.frame(isAsked(id));
    await until(() => lab.stores.requests.get(at(approval ?? ''))).toBeDefined();
    const arrived = client.frame(
      (frame): frame is DownFrame =>
        isSnapshot(frame) && (frame.snapshot.grants?.items.some(grant => grant.id === approval) ?? false),
    );
    const patched = decide(approval, { verdict: 'Approve', for: '1h' }).then(() => performance.now());
    await arrived;
    const pushedMs = performance.now();
    took.push(Math.max(0, pushedMs - (await patched)));
    await decide(approval, { verdict: 'Revoke', for: null });
  }
  took.sort((a, b) => a - b);
  process.stderr.write(
    `approval PATCH accepted → snapshot at the sidecar: p50 ${took[20]?.toFixed(1)} ms, max ${took[39]?.toFixed(1)} ms\n`,
  );
  expect(took[20]).toBeLessThan(30);
});
