// Policy changes under a running agent: approvals, revocations, expiry, an operator that is gone, a sidecar that restarts.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { allow, modelRoute } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('lp');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

const curl = (...args: readonly string[]) => path.sidecar.runAgent(['curl', '-sS', '-m', '8', ...args]);
const status = async (url: string) => (await curl('-o', '/dev/null', '-w', '%{http_code}', url)).stdout;
const grant = (host: string, port: number, more: object = {}) => ({ id: `apr-${host}`, host, port, ...more });

/** A connection to the echo service that has carried a line; `ended` resolves with the milliseconds until it was cut. */
async function openEcho(host: string) {
  const script = `
import socket, sys, time
s = socket.create_connection((sys.argv[1], 7))
s.sendall(b'hello'); s.recv(5); print('open', flush=True)
try: s.recv(1)
except OSError: pass
print('cut', time.time() * 1000, flush=True)
`;
  const started = path.pod.start(['python3', '-c', script, host], { timeoutMs: 20_000 });
  await started.waitForOutput('open');
  return { cutAtMs: async () => Number(/cut ([\d.]+)/.exec((await started.result()).stdout)?.[1]) };
}

/** A TLS connection that has shaken hands and says nothing more. */
async function openTls(host: string) {
  const script = `
import socket, ssl, sys, time
context = ssl._create_unverified_context()
s = context.wrap_socket(socket.create_connection((sys.argv[1], 443)), server_hostname=sys.argv[1])
print('open', flush=True)
try: s.recv(1)
except OSError: pass
print('cut', time.time() * 1000, flush=True)
`;
  const started = path.pod.start(['python3', '-c', script, host], { timeoutMs: 20_000 });
  await started.waitForOutput('open');
  return { cutAtMs: async () => Number(/cut ([\d.]+)/.exec((await started.result()).stdout)?.[1]) };
}

test('approved while it runs: the same curl passes, and is refused again after the revocation', async () => {
  expect(await status('https://asked.test/')).toBe('403');
  await path.hub.apply({ grants: [grant('asked.test', 443)] });
  expect(await status('https://asked.test/')).toBe('200');
  await path.hub.apply({ grants: [] });
  expect(await status('https://asked.test/')).toBe('403');
  expect(await path.outside.connections(({ serverName }) => serverName === 'asked.test')).toHaveLength(1);
});

test('a held connection waits for the decision and then passes as if nothing had been', async () => {
  await path.hub.apply({ policy: { holdMs: 8000 } });
  const held = status('https://held.test/');
  await path.hub.waitFor('denial', ({ host }) => host === 'held.test');
  const askedMs = Date.now();
  path.hub.push({ grants: [grant('held.test', 443)] });
  expect(await held).toBe('200');
  expect(Date.now() - askedMs).toBeLessThan(2000);
});

test('denied by a person: the reason is in the next 403, over TLS, in plain HTTP and inside an inspected connection', async () => {
  const rules = [
    allow(['inspected.test'], {
      protocol: 'HTTP',
      inspection: { kind: 'HTTP', access: 'ReadOnly', allow: [], deny: [] },
    }),
  ];
  await path.hub.apply({ policy: { rules } });
  const untilMs = Date.now() + 600_000;
  const urls = ['https://refused.test/', 'http://refused.test/', 'https://inspected.test/'];
  for (const url of urls) {
    const post = () => curl('-X', 'POST', url);
    expect(JSON.parse((await post()).stdout)).toMatchObject({ approval: expect.any(String) });
    const { approval } = JSON.parse((await post()).stdout) as { approval: string };
    path.hub.decide(approval, { verdict: 'Denied', guidance: 'use the “mirror”', untilMs });
    expect(JSON.parse((await post()).stdout)).toMatchObject({
      error: 'Denied',
      detail: 'A person has refused this: use the “mirror”',
      approval,
    });
    const text = await curl('-i', '-X', 'POST', '-H', 'Accept: text/plain', url);
    expect(text.stdout).toMatch(/content-type: text\/plain/i);
    expect(text.stdout).toContain('Denied: A person has refused this: use the “mirror”');
    path.hub.decide(approval, { verdict: 'Snoozed', untilMs });
    expect(JSON.parse((await post()).stdout)).toMatchObject({
      error: expect.stringMatching(/^(NotListed|RequestNotAllowed)$/),
    });
    expect(JSON.parse((await post()).stdout)).toMatchObject({ detail: expect.stringContaining('has put it off') });
  }
});

const post = (url: string, method = 'POST') => curl('-o', '/dev/null', '-w', '%{http_code}', '-X', method, url);

test('A04 approved was one request of one binary on one port: nothing else passes', async () => {
  const inspection = {
    kind: 'HTTP',
    access: 'ReadOnly',
    allow: [],
    deny: [{ methods: ['GET'], path: '/none' }],
  } as const;
  const rules = [allow(['api.test'], { protocol: 'HTTP', inspection })];
  await path.hub.apply({ policy: { rules } });
  expect((await post('https://api.test/a')).stdout).toBe('403');
  const asked = await path.hub.waitFor('denial', ({ host }) => host === 'api.test');
  const { path: binaryPath = '', sha256 = '' } = asked.binary ?? {};
  const requests = [{ method: 'POST', path: '/a' }];
  const approved = grant('api.test', 443, { binary: { path: binaryPath, sha256 }, requests });
  await path.hub.apply({ grants: [approved] });
  expect((await post('https://api.test/a')).stdout).toBe('200');
  for (const [url, method] of [
    ['https://api.test/b', 'POST'],
    ['https://api.test/a', 'DELETE'],
    ['https://api.test/a/', 'POST'],
    ['http://api.test/a', 'POST'],
  ] as const)
    expect((await post(url, method)).stdout, `${method} ${url}`).toBe('403');
  await path.hub.apply({ grants: [{ ...approved, binary: { path: binaryPath, sha256: 'f'.repeat(64) } }] });
  expect((await post('https://api.test/a')).stdout).toBe('403');
});

test('A26 a denial tells its own facts: no other rule, host, grant or person', async () => {
  const rules = [allow(['secret-partner.test']), allow(['*.hidden.test'], { ports: [8443] })];
  await path.hub.apply({ policy: { rules }, grants: [grant('granted-elsewhere.test', 443)] });
  const { stdout } = await curl('-i', 'http://denied.test/x?token=abc');
  const [head = '', body = ''] = stdout.split('\r\n\r\n');
  expect(Object.keys(JSON.parse(body) as object).toSorted()).toEqual(
    ['approval', 'binary', 'detail', 'error', 'host', 'method', 'next', 'path', 'port'].toSorted(),
  );
  for (const word of ['secret-partner', 'hidden', '8443', 'granted-elsewhere', 'team/', 'abc'])
    expect(head + body).not.toContain(word);
  expect(JSON.parse(body)).toMatchObject({ host: 'denied.test', path: '/x', approval: 'apr-denied.test-80' });
});

test('N39, A17 revoked: an open connection is cut within 100 ms, and one that another rule allows is not', async () => {
  const rules = [allow(['kept.test'], { ports: [7], protocol: 'TCP' })];
  await path.hub.apply({ policy: { rules }, grants: [grant('revoked.test', 7)] });
  const [revoked, kept] = [await openEcho('revoked.test'), await openEcho('kept.test')];
  const pushedMs = Date.now();
  const ack = await path.hub.apply({ grants: [] });
  expect(ack.closed).toBe(1);
  expect((await revoked.cutAtMs()) - pushedMs).toBeLessThan(100);
  await path.hub.apply({ policy: { rules: [] } });
  expect((await kept.cutAtMs()) - pushedMs).toBeGreaterThan(0);
});

test('promoted: a rule takes the place of a grant, and nothing that is open or new notices', async () => {
  const rules = [allow(['promoted.test'], { ports: [7], protocol: 'TCP' }), allow(['promoted.test'], { ports: [443] })];
  await path.hub.apply({ grants: [grant('promoted.test', 7), { ...grant('promoted.test', 443), id: 'apr-tls' }] });
  const open = await openEcho('promoted.test');
  const tls = await openTls('promoted.test');
  // As the operator does it: the policy first, the grants once it answers what they were for.
  expect((await path.hub.apply({ policy: { rules } })).closed).toBe(0);
  expect((await path.hub.apply({ grants: [] })).closed).toBe(0);
  expect(await status('https://promoted.test/')).toBe('200');
  // The control: without the rules both end.
  expect((await path.hub.apply({ policy: { rules: [] } })).closed).toBeGreaterThanOrEqual(2);
  await Promise.all([open.cutAtMs(), tls.cutAtMs()]);
});

test('promoted: requests without TLS on any port go on, on the connection they have', async () => {
  const script = `
import http.client, sys
c = http.client.HTTPConnection('promoted.test', 80)
for line in sys.stdin:
    c.request('GET', '/')
    r = c.getresponse(); r.read()
    print('status', r.status, flush=True)
`;
  await path.hub.apply({ grants: [grant('promoted.test', 80)] });
  const client = path.pod.start(['python3', '-c', script], { interactive: true, timeoutMs: 20_000 });
  client.child.stdin.write('\n');
  await client.waitForOutput('status 200');
  await path.hub.apply({ policy: { rules: [allow(['promoted.test'], { ports: [80], protocol: 'TCP' })] } });
  expect((await path.hub.apply({ grants: [] })).closed).toBe(0);
  client.child.stdin.end('\n');
  expect((await client.result()).stdout).toBe('status 200\nstatus 200\n');
});

test('expired: the grant ends by the clock, with its connection', async () => {
  const expiresAtMs = Date.now() + 1500;
  await path.hub.apply({ grants: [grant('expiring.test', 7, { expiresAtMs })] });
  const open = await openEcho('expiring.test');
  const cutAtMs = await open.cutAtMs();
  expect(cutAtMs).toBeGreaterThanOrEqual(expiresAtMs);
  expect(cutAtMs - expiresAtMs).toBeLessThan(200);
});

test('a new deny rule on the address cuts what the name allows', async () => {
  await path.hub.apply({ policy: { rules: [allow(['named.test'], { ports: [7], protocol: 'TCP' })] } });
  const open = await openEcho('named.test');
  const ack = await path.hub.apply({ policy: { neverAddresses: ['93.184.215.14'] } });
  expect(ack.closed).toBe(1);
  await open.cutAtMs();
});

test('P18 an older revision is refused, and what it would bring back stays away', async () => {
  await path.hub.apply({ grants: [grant('old.test', 443)] });
  const old = path.hub.revision;
  await path.hub.apply({ grants: [] });
  const current = path.hub.revision;
  path.hub.pushAs(old, { grants: [grant('old.test', 443)] });
  expect(await path.hub.waitFor('nack')).toMatchObject({ revision: old });
  expect(await status('https://old.test/')).toBe('403');
  path.hub.pushAs({ ...current, counter: current.counter + 1 }, { grants: [] });
});

test('the operator gone: policy stays, also over a restart of the sidecar, and the next one is taken over', async () => {
  await path.hub.apply({ policy: { rules: [allow(['allowed.test'])] }, route: modelRoute() });
  await path.hub.stop();
  expect(await status('https://allowed.test/')).toBe('200');
  await path.sidecar.restart();
  expect(await status('https://allowed.test/')).toBe('200');
  // Nobody can be asked; the refusal says so at once.
  expect(await status('https://unlisted.test/')).toBe('403');
  // The model's key is not on any disk: without the operator there is no route.
  expect(await status('https://inference.local/v1/models')).toBe('503');
  const sessions = path.hub.sessions;
  await path.hub.start();
  await waitUntil(() => (path.hub.sessions > sessions ? true : undefined), {
    what: 'the sidecar to be back at the hub',
    timeoutMs: 10_000,
    intervalMs: 10,
  });
  await path.hub.apply({ grants: [grant('late.test', 443)] });
  expect(await status('https://late.test/')).toBe('200');
  expect(await status('https://inference.local/v1/models')).toBe('200');
});

test('without a word from the operator for longer than the policy may last, everything is denied', async () => {
  await path.hub.apply({ policy: { rules: [allow(['allowed.test'], { ports: [7], protocol: 'TCP' })] } });
  await path.hub.apply({ maxPolicyAgeMs: 1500 });
  const open = await openEcho('allowed.test');
  await path.hub.stop();
  await open.cutAtMs();
  expect((await curl('-m', '3', 'https://allowed.test/')).exitCode).not.toBe(0);
  // A restart makes it no younger: without a hub the new one is not ready.
  const restarted = path.sidecar.restart();
  await expect(path.sidecar.runWaitReady('1s')).resolves.toMatchObject({
    stderr: expect.stringMatching(/not ready.*older than it may be/s),
  });
  await path.hub.start();
  await restarted;
  await path.hub.apply({ maxPolicyAgeMs: 86_400_000 });
  expect(
    (await path.sidecar.runAgent(['bash', '-c', 'exec 3<>/dev/tcp/allowed.test/7; echo hi >&3; head -1 <&3'])).stdout,
  ).toBe('hi\n');
});

test('the model answers over https://inference.local with the key of the route, which the agent never sees', async () => {
  await path.hub.apply({ route: modelRoute() });
  const call = ['-H', 'Content-Type: application/json', '-H', 'Authorization: Bearer own-key'];
  const body = JSON.stringify({ model: 'whatever', messages: [{ role: 'user', content: 'hello' }] });
  const got = await curl('https://inference.local/v1/chat/completions', ...call, '-d', body);
  expect(JSON.parse(got.stdout)).toMatchObject({ choices: [{ message: { role: 'assistant' } }] });
  const [request] = await path.outside.requests(({ kind }) => kind === 'model');
  expect(request?.headers['authorization']).toBe('Bearer sk-test-key-of-the-route');
  expect(JSON.parse(request?.body ?? '')).toMatchObject({ model: 'creel-test-model' });
  const usage = await path.hub.waitFor('usage', ({ profile }) => profile === 'test-model');
  expect(usage.tokens).toBeGreaterThan(0);
  for (const url of ['http://inference.local/v1/models', 'https://inference.local:8443/v1/models'])
    expect(await status(url)).not.toBe('200');
});

test('frozen: nothing at all, not even the model', async () => {
  await path.hub.apply({ policy: { rules: [allow(['allowed.test'])], frozen: true }, route: modelRoute() });
  expect((await curl('https://allowed.test/')).exitCode).not.toBe(0);
  expect(await status('https://inference.local/v1/models')).toBe('503');
  expect(await path.outside.connections()).toEqual([]);
});

test('taken back before the client has spoken: its name is not looked up, and nothing is dialled', async () => {
  const script = `
import socket, ssl, sys
s = socket.create_connection((sys.argv[1], 443)); print('open', flush=True); sys.stdin.readline()
try: ssl._create_unverified_context().wrap_socket(s, server_hostname=sys.argv[1]); print('through')
except OSError: print('cut')
`;
  const speakLate = async (host: string, meanwhile: () => Promise<unknown>) => {
    await path.hub.apply({ policy: { rules: [allow([host])] } });
    const agent = path.pod.start(['python3', '-c', script, host], { interactive: true });
    await agent.waitForOutput('open');
    await meanwhile();
    agent.child.stdin.end('\n');
    return (await agent.result()).stdout;
  };
  expect(await speakLate('kept.test', async () => undefined)).toMatch(/through/);
  expect(await path.outside.countDnsQueries('kept.test')).toBeGreaterThan(0);
  const revoke = async () => {
    const ack = await path.hub.apply({ policy: { rules: [] } });
    expect(ack.closed).toBe(1);
  };
  expect(await speakLate('late.test', revoke)).toMatch(/cut/);
  expect(await path.outside.countDnsQueries('late.test')).toBe(0);
});
