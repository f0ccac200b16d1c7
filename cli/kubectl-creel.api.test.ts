// The command line as a user starts it, against the real API server; the test plays the operator where its answer is waited for.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { waitUntil } from '../test/cluster/base/wait-until.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { exitCodes } from './exit-codes.ts';
import { clusterFixture } from './testing/cluster-fixture.ts';
import { runCreel } from './testing/run-creel.ts';

const { namespace, env, kubectl, creel, start, create, makeRequest, setPhase, getRequest, enforceWhenDecided } =
  clusterFixture('cli');
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'creel-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const decisionOf = async (name: string) => (await getRequest(name)).spec.decision;

describe('approve', () => {
  test('writes the decision as the caller and returns once it is enforced', async () => {
    await makeRequest('apr-one');
    const [ended] = await Promise.all([
      creel(['approve', 'apr/apr-one', '--for', '1h', '--scope', 'Endpoint', '--max-uses', '3', '--reason', 'once']),
      enforceWhenDecided('apr-one', 'Enforced'),
    ]);
    expect(ended.stdout).toMatch(/^apr-one enforced: agent → a\.example\.org:443 \(\d+ ms\)\n$/);
    expect(await decisionOf('apr-one')).toEqual({
      verdict: 'Approve',
      for: '1h',
      scope: 'Endpoint',
      maxUses: 3,
      reason: 'once',
      by: 'kubernetes-admin',
    });
  });

  test('several at once, each by itself: one that is refused keeps none of the others back', async () => {
    await Promise.all(['apr-s1', 'apr-s2', 'apr-s3'].map(name => makeRequest(name)));
    await creel(['deny', '--no-wait', 'apr-s2']);
    const request = ['--request', 'GET /v1/models', '--request', 'POST /v1/chat'];
    const ended = await creel(['approve', '--no-wait', 'apr-s1', 'apr/apr-s2', 'apr-s3', 'apr-s1', ...request]);
    expect(ended.stdout.trim().split('\n').sort()).toEqual([
      'apr-s1 decided (Approve): agent → a.example.org:443',
      'apr-s2 decided (Approve): agent → a.example.org:443',
      'apr-s3 decided (Approve): agent → a.example.org:443',
    ]);
    expect(await decisionOf('apr-s3')).toMatchObject({
      scope: 'Request',
      for: '5m',
      requests: [
        { method: 'GET', path: '/v1/models' },
        { method: 'POST', path: '/v1/chat' },
      ],
    });
    const again = await creel(['approve', '--no-wait', 'apr-s1', 'apr-none']);
    expect([again.code, again.stderr]).toEqual([
      exitCodes.notFound,
      `error: approvalrequests.creel.dev "apr-none" not found\n  try: kubectl creel approvals --all -n ${namespace}\n`,
    ]);
  });

  test('what comes of nobody enforcing it is said with its own exit code', async () => {
    await makeRequest('apr-slow');
    const ended = await creel(['approve', 'apr-slow']);
    expect(ended.code).toBe(exitCodes.timeout);
    expect(ended.stderr).toContain('is decided (Approve) but not yet Enforced after 10 s');
    expect(ended.stderr).toContain('try: kubectl creel doctor');
  });

  test('an option that is wrong sends nothing', async () => {
    await makeRequest('apr-usage');
    for (const wrong of [
      ['--for', '3y'],
      ['--max-uses', '0'],
      ['--scope', 'All'],
      ['--request', '/x'],
      ['--bogus'],
      ['--host', 'x'],
    ]) {
      const ended = await creel(['approve', 'apr-usage', ...wrong]);
      expect([wrong, ended.code]).toEqual([wrong, exitCodes.usage]);
    }
    expect(await decisionOf('apr-usage')).toBeUndefined();
  });

  test('says what the API server says of a transition that is none', async () => {
    await makeRequest('apr-two');
    const ended = await creel(['revoke', 'apr-two']);
    expect(ended.code).toBe(exitCodes.failed);
    expect(ended.stderr).toContain('open requests take Approve, Deny or Snooze');
  });
});

test('snooze says for how long, and a later approval leaves nothing of it', async () => {
  await makeRequest('apr-later');
  const [ended] = await Promise.all([
    creel(['snooze', 'apr-later', '--for', '8h']),
    enforceWhenDecided('apr-later', 'Snoozed'),
  ]);
  expect(ended.stdout).toMatch(/^apr-later snoozed: /);
  expect(await decisionOf('apr-later')).toEqual({ verdict: 'Snooze', for: '8h', by: 'kubernetes-admin' });
  await creel(['deny', 'apr-later', '--no-wait', '--reason', 'use the mirror']);
  expect(await decisionOf('apr-later')).toEqual({ verdict: 'Deny', reason: 'use the mirror', by: 'kubernetes-admin' });
});

describe('--all', () => {
  test('decides what was listed, asks first, and leaves alone what does not match', async () => {
    await Promise.all([
      makeRequest('apr-all-1', { sandbox: 'bulk', host: 'a.bulk.example' }),
      makeRequest('apr-all-2', { sandbox: 'bulk', host: 'b.bulk.example' }),
      makeRequest('apr-all-3', { sandbox: 'bulk', host: 'pastebin.com' }),
      makeRequest('apr-all-4', { sandbox: 'bulk', host: 'c.bulk.example', phase: 'Expired' }),
    ]);
    const asked = await creel(['approve', '--all', '--sandbox', 'bulk']);
    expect(asked.code).toBe(exitCodes.failed);
    expect(asked.stderr).toContain('warning: pastebin.com: anybody can leave data there for anybody');
    expect(asked.stderr).toContain('nothing was decided: not confirmed');
    expect(await decisionOf('apr-all-1')).toBeUndefined();
    const done = await creel(['approve', '--all', '--host', '*.bulk.example', '--yes', '--no-wait']);
    expect(done.code).toBe(0);
    const verdicts = await Promise.all([1, 2, 3, 4].map(async at => (await decisionOf(`apr-all-${at}`))?.verdict));
    expect(verdicts).toEqual(['Approve', 'Approve', undefined, undefined]);
  });
  test('nothing to decide is no success', async () => {
    const ended = await creel(['deny', '--all', '--yes', '--sandbox', 'nobody']);
    expect([ended.code, ended.stderr]).toEqual([1, `error: nothing to deny in namespace ${namespace}\n`]);
  });
});

describe('approvals', () => {
  test('lists what is open and leaves out what has ended', async () => {
    await makeRequest('apr-open');
    await makeRequest('apr-over', { phase: 'Expired' });
    const { stdout } = await creel(['approvals']);
    expect(stdout).toMatch(/^NAME\s+SANDBOX\s+HOST\s+PORT\s+BINARY\s+HITS\s+STATUS\s+EXPIRES\s+AGE\n/);
    expect(stdout).toContain('apr-open');
    expect(stdout).not.toContain('apr-over');
    const everywhere = await creel(['approvals', '-A', '--all', '-o', 'wide']);
    expect(everywhere.stdout).toMatch(/^NAMESPACE\s+NAME\s.*WARNINGS\s+REQUEST\n/);
    expect(everywhere.stdout).toContain('apr-over');
  });

  test('-o name is what approve takes; json and yaml are what kubectl takes', async () => {
    await makeRequest('apr-out', { sandbox: 'out' });
    const names = await creel(['approvals', '--sandbox', 'out', '-o', 'name']);
    expect(names.stdout).toBe('approvalrequest.creel.dev/apr-out\n');
    const json = JSON.parse((await creel(['approvals', '--sandbox', 'out', '-o', 'json'])).stdout) as {
      items: { metadata: object }[];
    };
    const yaml = await creel(['approvals', '--sandbox', 'out', '-o', 'yaml']);
    expect(parse(yaml.stdout)).toEqual(json);
    expect(json.items).toHaveLength(1);
    expect(json.items[0]?.metadata).not.toHaveProperty('managedFields');
    expect(await kubectl(['apply', '--dry-run=server', '--filename=-'], yaml.stdout)).toContain('apr-out');
    expect((await creel(['snooze', names.stdout.trim(), '--no-wait'])).code).toBe(0);
  });

  test('--watch prints what changes, and nothing but the interrupt ends it', async () => {
    await makeRequest('apr-watched', { sandbox: 'seen' });
    const watching = start(['approvals', '--watch', '--sandbox', 'seen']);
    const shows = (text: RegExp) =>
      waitUntil(() => Promise.resolve(text.test(watching.stdout()) || undefined), {
        what: `${text} in the watch`,
        timeoutMs: 30_000,
      });
    await shows(/apr-watched .*Pending/);
    await makeRequest('apr-watched-2', { sandbox: 'seen', host: 'b.example.org' });
    await shows(/apr-watched-2 .*b\.example\.org .*Pending/);
    await setPhase('apr-watched', 'Superseded');
    await shows(/apr-watched .*Superseded/);
    watching.process.kill('SIGINT');
    expect((await watching.ended).code).toBe(exitCodes.interrupted);
  });
});

test('approvals --watch survives the API server: it says so, and shows what came meanwhile', async () => {
  await makeRequest('apr-before', { sandbox: 'lasting' });
  const watching = start(['approvals', '--watch', '--sandbox', 'lasting']);
  const shows = (text: RegExp, where = watching.stdout) =>
    waitUntil(() => Promise.resolve(text.test(where()) || undefined), { what: String(text), timeoutMs: 60_000 });
  await shows(/apr-before /);
  await currentCluster().restartApiServer();
  await shows(/^warning: .*trying again$/m, watching.stderr);
  await makeRequest('apr-after', { sandbox: 'lasting', host: 'after.example.org' });
  await shows(/apr-after .*after\.example\.org/);
  expect(watching.stdout().match(/apr-before /g)).toHaveLength(1);
  watching.process.kill('SIGINT');
  expect((await watching.ended).code).toBe(exitCodes.interrupted);
}, 180_000);

test('a shell is told of sandboxes and requests as they are now', async () => {
  await makeRequest('apr-shell', { sandbox: 'shell' });
  await create({ kind: 'Sandbox', metadata: { name: 'shell-box', namespace }, spec: { image: 'i' } });
  // On a loaded machine the list may come too late for one Tab: a person presses it again.
  const ask = (...words: string[]) =>
    waitUntil(
      async () => {
        const { stdout } = await runCreel(['__complete', '-n', namespace, ...words], env);
        return stdout === ':4\n' ? undefined : stdout;
      },
      { what: `suggestions for ${words.join(' ')}`, timeoutMs: 60_000 },
    );
  expect(await ask('approve', 'apr/apr-sh')).toBe('apr/apr-shell\tPending: shell → a.example.org:443\n:4\n');
  expect(await ask('connect', 'shell')).toBe('shell-box\tUnknown\n:4\n');
  // As bash does it, with the script that it sources; a command's own name needs no cluster.
  const script = `PATH="$1:$PATH"; source <(kubectl-creel completion bash); COMP_WORDS=(kubectl-creel -n "$2" snoo); COMP_CWORD=3
    compopt() { :; }; _kubectl_creel; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const wrapper = join(folder, 'kubectl-creel');
  writeFileSync(wrapper, `#!/bin/sh\nexec ${process.execPath} ${join(import.meta.dirname, 'main.ts')} "$@"\n`, {
    mode: 0o755,
  });
  const shell = spawnSync('bash', ['-c', script, 'bash', folder, namespace], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  expect([shell.stderr, shell.stdout]).toEqual(['', 'snooze\n']);
}, 180_000);

test('inference set refuses a model that the profile does not offer, and lists those it does', async () => {
  const spec = { provider: 'OpenAI', service: { name: 'vllm', port: 8000 }, model: 'small', models: ['large'] };
  await create({ kind: 'InferenceProfile', metadata: { name: 'local', namespace }, spec });
  const ended = await creel(['inference', 'set', '--sandbox', 'agent', '--profile', 'local', '--model', 'huge']);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toBe('error: --model huge is not offered by profile local; it offers small, large\n');
});

describe('which cluster and who', () => {
  test('KUBECONFIG may name several files, and --context one of theirs', async () => {
    const admin = parse(await readFile(env.KUBECONFIG ?? '', 'utf8')) as Record<string, unknown>;
    const other = join(folder, 'other');
    const elsewhere = { name: 'elsewhere', cluster: { server: 'https://127.0.0.1:1' } };
    const context = { name: 'elsewhere', context: { cluster: 'elsewhere', user: 'nobody' } };
    const user = { name: 'nobody', user: {} };
    writeFileSync(
      other,
      JSON.stringify({
        ...admin,
        clusters: [elsewhere],
        users: [user],
        contexts: [context],
        'current-context': 'elsewhere',
      }),
    );
    const both = { KUBECONFIG: [other, env.KUBECONFIG].join(delimiter) };
    const refused = await runCreel(['approvals'], both);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('cannot reach the API server at https://127.0.0.1:1'),
    ]);
    const name = String(admin['current-context']);
    expect((await runCreel(['approvals', '--context', name, '-n', namespace, '-o', 'json'], both)).code).toBe(0);
  });

  test('--as is refused like anybody without the right, with the command that shows it', async () => {
    const ended = await creel(['approvals', '--as', 'nobody']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('User "nobody" cannot list resource "approvalrequests"');
    expect(ended.stderr).toContain(`try: kubectl auth can-i list approvalrequests.creel.dev -n ${namespace}`);
  });

  test('without a cluster it says how to name one', async () => {
    const ended = await runCreel(['status'], {});
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('npm run cluster -- up');
  });

  test('help needs none', async () => {
    const ended = await runCreel(['help', 'approve'], {});
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('Examples:');
  });
});
