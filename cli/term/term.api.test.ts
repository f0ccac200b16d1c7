// The terminal UI as a person uses it: a real terminal, the real API server, the operator's own parts, a sidecar's session.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { resources } from '../../operator/resources.ts';
import { type LabSessions, labSessions } from '../../operator/testing/lab-sessions.ts';
import { installCrds, type OperatorLab, openOperatorLab } from '../../operator/testing/operator-lab.ts';
import type { DownFrame } from '../../protocol/session.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { testNamespace } from '../../test/cluster/test-namespace.ts';
import { openTerminal, provideTmux, type Terminal, type TerminalOptions } from './testing/terminal.ts';

const namespace = testNamespace('term', {
  'creel.dev/sandboxes': 'true',
  'pod-security.kubernetes.io/enforce': 'privileged',
});
/** Without an operator: what a test writes into a status stays there. */
const quiet = testNamespace('term-quiet');
const cluster = currentCluster();
/** The UI takes no key for a row that has only just come: neither does a person press one. */
const lookMs = 350;
// oxlint-disable-next-line no-control-regex -- the terminal's own styles
const style = /\u001b\[[0-9;]*m/g;
// oxlint-disable-next-line no-control-regex -- those of them that are colours
const colour = /\u001b\[[0-9;]*\b(3[0-8]|9[0-7])[0-9;]*m/g;
const until = <T>(look: () => Promise<T> | T) => expect.poll(async () => look(), { timeout: 20_000, interval: 20 });
const open = new Set<Terminal>();
let lab: OperatorLab;
let sessions: LabSessions;

beforeAll(async () => {
  await provideTmux();
  await installCrds();
  lab = await openOperatorLab(namespace);
  sessions = labSessions(lab, namespace, until);
});
afterEach(async () => {
  for (const terminal of open) await terminal.end();
  open.clear();
});
afterAll(async () => {
  sessions.end();
  await lab.close();
});

async function term(options: Partial<TerminalOptions> & { readonly of?: string } = {}): Promise<Terminal> {
  const { of = namespace, env, ...rest } = options;
  const terminal = await openTerminal({
    columns: 80,
    rows: 24,
    args: ['-n', of, 'term'],
    env: { KUBECONFIG: cluster.kubeconfigPath, ...env },
    ...rest,
  });
  open.add(terminal);
  await terminal.until(/ live \d\d:|REFUSED|OFFLINE/, 60_000);
  return terminal;
}

let nextId = 1;
/** A connection the sidecar has stopped; resolves with the name of the request made of it. */
async function deny(
  session: Awaited<ReturnType<LabSessions['startSession']>>,
  host: string,
  path = '/usr/bin/curl',
): Promise<string> {
  const id = nextId++;
  session.client.say({
    type: 'denial',
    id,
    host,
    port: 443,
    binary: { path, sha256: 'c'.repeat(64), ancestors: ['/bin/sh'] },
    reason: 'NotListed',
    hits: 1,
    sample: 'GET /',
  });
  const isAsked = (frame: DownFrame): frame is Extract<DownFrame, { type: 'asked' }> =>
    frame.type === 'asked' && frame.id === id;
  const { approval } = await session.client.frame(isAsked);
  if (approval === undefined) throw new Error(`no request was made for ${host}`);
  return approval;
}

const stored = async (name: string) =>
  (await lab.client.get(resources.approvalRequests, { namespace, name })) as ApprovalRequest;

test('what an agent asks for is there at once; a, Enter approves it and says when the sidecar enforces it; r takes it back', async () => {
  const session = await sessions.startSession('asking');
  const terminal = await term();
  await terminal.until('asking');
  const name = await deny(session, 'api.example.com');
  const listed = await terminal.until('api.example.com:443');
  await sleep(lookMs);
  expect(listed).toContain('[Requests 1 pending]');
  expect(listed).toMatch(/^by {7}\/usr\/bin\/curl$/m);
  await until(async () => (await stored(name)).status?.phase).toBe('Pending');

  await terminal.press('a');
  expect(await terminal.until('[Approve?]')).toMatch(/> for +\[5m\] 1h {2}8h {2}session/);
  await terminal.until(/Enter approves/);
  await sleep(lookMs);
  await terminal.press('Enter');
  const enforced = await terminal.until(
    /api\.example\.com:443 for asking: Enforced in \d+ ms \(\d+ ms after your key\)/,
  );
  expect(enforced).toMatch(/>\+ {3}api\.example\.com:443/);
  expect((await stored(name)).spec.decision).toEqual({
    verdict: 'Approve',
    scope: 'Binary',
    for: '5m',
    by: 'kubernetes-admin',
  });
  expect(session.client.snapshot()?.grants?.items).toMatchObject([{ id: name }]);

  await terminal.press('r');
  await terminal.until('[Revoke?]');
  await sleep(lookMs);
  await terminal.press('Enter');
  await terminal.until(/Revoked \(\d+ ms after your key\)/);
  await until(() => session.client.snapshot()?.grants?.items).toEqual([]);
});

test('A15 A approves what was listed, with y; what came meanwhile is not among it', async () => {
  const session = await sessions.startSession('grouped');
  const listed = [await deny(session, 'group.example'), await deny(session, 'group.example', '/usr/bin/git')];
  const terminal = await term();
  await terminal.press('/');
  await terminal.type('group.example');
  await terminal.press('Enter');
  await terminal.until('[Requests 2 pending /group.example]');
  await sleep(lookMs);
  await terminal.press('A');
  await terminal.until('APPROVE 2 requests for group.example');
  const late = await deny(session, 'group.example', '/usr/bin/wget');
  await terminal.until('NOT among them: 1 that came since');
  await terminal.press('Enter');
  await terminal.until('press y to approve these 2');
  await sleep(lookMs);
  await terminal.press('y');
  await terminal.until(/Approve: 2 of 2 in force after \d+ ms/);
  for (const name of listed) expect((await stored(name)).status?.phase).toBe('Enforced');
  expect((await stored(late)).spec.decision).toBeUndefined();
});

test('d asks for a reason, which is stored for the agent', async () => {
  const session = await sessions.startSession('denied');
  const name = await deny(session, 'paste.example');
  const terminal = await term();
  await terminal.press('/');
  await terminal.type('paste.example');
  await terminal.press('Enter');
  await terminal.until('[Requests 1 pending /paste.example]');
  await sleep(lookMs);
  await terminal.press('d');
  await terminal.until('[Deny?]');
  await terminal.type('use the mirror: 鏡');
  await terminal.press('Enter');
  await terminal.until(/paste\.example:443 for denied: Denied \(\d+ ms/);
  expect((await stored(name)).spec.decision).toEqual({
    verdict: 'Deny',
    reason: 'use the mirror: 鏡',
    by: 'kubernetes-admin',
  });
});

test('an approver without the right sees the refusal and what to ask for', async () => {
  const user = `viewer-${namespace}`;
  const session = await sessions.startSession('watched');
  const name = await deny(session, 'wanted.example');
  await cluster.kubectl([
    'create',
    'role',
    'viewer',
    '--verb=get,list,watch',
    '--resource=sandboxes.creel.dev,approvalrequests.creel.dev',
    '-n',
    namespace,
  ]);
  await cluster.kubectl(['create', 'rolebinding', 'viewer', '--role=viewer', `--user=${user}`, '-n', namespace]);
  const terminal = await term({ env: { KUBECONFIG: await cluster.clientFor(user) } });
  await terminal.until('wanted.example:443');
  await terminal.press('/');
  await terminal.type('wanted');
  await terminal.press('Enter');
  await terminal.until('[Requests 1 pending /wanted]');
  await sleep(lookMs);
  await terminal.press('a');
  await terminal.until('[Approve?]');
  await sleep(lookMs);
  await terminal.press('Enter');
  const refused = await terminal.until('REFUSED  you need');
  expect(refused).toMatch(/>X/);
  expect(refused.replace(/\s+/g, ' ')).toContain(`you need ClusterRole creel-approver in ${namespace}`);
  expect((await stored(name)).spec.decision).toBeUndefined();
  await terminal.press('n');
  expect(await terminal.until('you may not list requests here')).toMatch(/REFUSED \d\d:/);
});

describe('the terminal', () => {
  test('filter, help, another size, and back as it was on q', async () => {
    const terminal = await term();
    expect(await terminal.ask('alternate_on')).toBe('1');
    await terminal.press('e');
    await terminal.until('paste.example');
    await terminal.press('/');
    await terminal.type('revoked');
    const filtered = await terminal.until('filter requests: revoked');
    expect(filtered).toContain('api.example.com:443');
    expect(filtered).not.toContain('paste.example');
    await terminal.press('Enter', '?');
    expect(await terminal.until('[Help')).toContain('Marks before a request');
    await terminal.press('Escape');
    await terminal.until('[Requests');
    await terminal.resize(200, 50);
    const wide = await terminal.until(/Sandboxes \d.*│.*Requests.*│.*Detail/);
    expect(wide.split('\n').filter(line => line.includes('│')).length).toBeGreaterThan(40);
    await terminal.resize(50, 12);
    await terminal.until('too small: 50x12, needs 60x15');
    await terminal.resize(80, 24);
    await terminal.until('[Requests');
    await terminal.press('q');
    expect(await terminal.until('ended 0')).toContain('before');
    expect(await terminal.ask('alternate_on')).toBe('0');
    expect(await terminal.ask('cursor_flag')).toBe('1');
  });

  test('without colour it colours nothing and says the same', async () => {
    const terminal = await term({ env: { NO_COLOR: '1', KUBECONFIG: cluster.kubeconfigPath } });
    await terminal.press('e');
    await terminal.until('api.example.com');
    expect(colours(await terminal.styledScreen())).toEqual([]);
    const coloured = await term();
    await coloured.press('e');
    await coloured.until('api.example.com');
    expect(colours(await coloured.styledScreen())).not.toEqual([]);
  });

  test.each<[string, NodeJS.Signals, string]>([
    ['SIGTERM', 'SIGTERM', 'ended 143'],
    ['SIGHUP', 'SIGHUP', 'ended 129'],
  ])('is given back on %s', async (_name, signal, ended) => {
    const terminal = await term();
    process.kill(await terminal.pid(), signal);
    expect(await terminal.until(ended)).toContain('before');
    expect(await terminal.ask('alternate_on')).toBe('0');
    expect(await terminal.ask('cursor_flag')).toBe('1');
  });

  test('is given back by a crash, with the stack to read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'creel-term-'));
    const crash = join(folder, 'crash.mjs');
    await writeFile(crash, "process.on('SIGUSR2', () => { throw new Error('on_purpose'); });");
    const terminal = await term({ env: { NODE_OPTIONS: `--import=${crash}`, KUBECONFIG: cluster.kubeconfigPath } });
    process.kill(await terminal.pid(), 'SIGUSR2');
    const screen = await terminal.until('ended 70');
    expect(screen).toContain('Error: on_purpose');
    expect(await terminal.ask('alternate_on')).toBe('0');
  });
});

test('what is no terminal gets the commands that do without', async () => {
  const terminal = await openTerminal({ columns: 80, rows: 24, args: ['term'], env: { TERM: 'dumb' } });
  open.add(terminal);
  expect(await terminal.until('ended 1')).toContain('kubectl creel approvals --watch');
});

test('a text that drives terminals is shown and drives nothing', async () => {
  const message =
    '\u001b[2J\u001b[1;1H\u001b]52;c;AAAA\u0007x\r\n>?   fake.example:443 \u202e\u200b\u001b]8;;http://e\u0007';
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  await makeSandbox('hostile', {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'False', reason: 'Evil', message, lastTransitionTime }],
  });
  const terminal = await term({ args: ['-n', quiet, 'term'] });
  await terminal.until('hostile');
  await terminal.press('BTab');
  const screen = await terminal.until('Evil');
  expect(screen.replace(/\s+/g, '')).toContain('\\u{1b}]52;c;AAAA\\u{7}x\\u{d}\\u{a}>?fake.example');
  expect(screen).not.toMatch(/^\S*>\? {3}fake/m);
  const styled = (await terminal.styledScreen()).replaceAll(style, '');
  // oxlint-disable-next-line no-control-regex -- that is what must not be there
  expect(styled).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e\u200b]/);
});

test('a thousand sandboxes and five hundred pending requests are looked through without waiting', async () => {
  await inTurns(many(1_000), index => makeSandbox(`box-${index}`));
  await inTurns(many(500), index => makeRequest(`apr-${index}`, `h${index % 120}.example`));
  const startedMs = performance.now();
  const terminal = await term({ args: ['-n', quiet, 'term'] });
  await terminal.until(/Sandboxes 100\d/);
  await terminal.until('[Requests 500 pending');
  const shownMs = performance.now() - startedMs;
  const selected = async () => (await terminal.screen()).split('\n').find(line => line.includes('│>'));
  const latencies: number[] = [];
  for (let press = 0; press < 20; press++) {
    const before = await selected();
    const pressedMs = performance.now();
    await terminal.press('Down');
    await until(selected).not.toBe(before);
    latencies.push(performance.now() - pressedMs);
  }
  latencies.sort((a, b) => a - b);
  await terminal.press('G');
  await terminal.until(/Requests 500 pending ↑4\d\d/);
  process.stdout.write(
    `term with 1000 sandboxes and 500 pending: first screen ${Math.round(shownMs)} ms, a key ${Math.round(latencies[10] ?? 0)} ms (median, with tmux and 40 ms between keys)\n`,
  );
}, 240_000);

test('while the API server is away that is said, with the age of what is shown; then it goes on by itself', async () => {
  const session = await sessions.startSession('patient');
  const terminal = await term();
  await terminal.until('patient');
  await cluster.stop('apiserver');
  try {
    const away = await terminal.until(/OFFLINE, retrying; data is \d+s old/);
    expect(away).toContain('patient');
  } finally {
    await cluster.start('apiserver');
  }
  await terminal.until(/ live \d\d:/, 60_000);
  await deny(session, 'after.example');
  await terminal.until('after.example:443');
}, 180_000);

async function makeSandbox(name: string, status: object = { phase: 'Running' }): Promise<void> {
  const at = { namespace: quiet, name };
  const object = { metadata: at, spec: { image: 'creel.example/agent:1' } } as unknown as Sandbox;
  const made = await lab.client.create(resources.sandboxes, object);
  if (!made.ok) throw new Error(made.refusal.message);
  await lab.client.patchStatus(resources.sandboxes, at, { status });
}

async function makeRequest(name: string, host: string): Promise<void> {
  const egress = { host, port: 443, reason: 'NotListed' };
  const spec = { type: 'Egress', sandbox: { name: 'box-1', uid: 'u-1' }, egress };
  const object = { metadata: { namespace: quiet, name }, spec } as unknown as ApprovalRequest;
  const made = await lab.client.create(resources.approvalRequests, object);
  if (!made.ok) throw new Error(made.refusal.message);
}

function many(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function colours(styled: string): readonly string[] {
  return styled.match(colour) ?? [];
}

/** Sixteen at a time. */
async function inTurns<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
