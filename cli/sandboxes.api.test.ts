// Sandboxes by the command line, on the real API server; the test plays the operator where its answer is waited for.
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Sandbox } from '../crds/schema/sandbox.ts';
import { waitUntil } from '../test/cluster/base/wait-until.ts';
import { exitCodes } from './exit-codes.ts';
import { clusterFixture } from './testing/cluster-fixture.ts';

const { namespace, kubectl, creel, start, create, makeRequest } = clusterFixture('boxes');

const get = async (name: string) => JSON.parse(await kubectl(['get', 'csb', name, '--output=json'])) as Sandbox;
async function setStatus(name: string, status: object): Promise<void> {
  const { metadata } = await get(name);
  const patch = JSON.stringify({ status: { observedGeneration: metadata.generation, ...status } });
  await kubectl(['patch', 'csb', name, '--subresource=status', '--type=merge', `--patch=${patch}`]);
}
const condition = (type: string, status: string, reason: string, message = '') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});
const running = { phase: 'Running', pod: 'csb-x', conditions: [condition('Ready', 'True', 'Running')] };
const says = (text: () => string, what: RegExp) =>
  waitUntil(() => Promise.resolve(what.test(text()) || undefined), { what: String(what), timeoutMs: 30_000 });

describe('sandbox create', () => {
  test('makes the sandbox and its presets, says each step, and ends when it runs', async () => {
    const creating = start([
      'sandbox',
      'create',
      'made',
      '--image',
      'i',
      '--preset',
      'npm',
      '--env',
      'A=b=c',
      '--',
      'node',
      'x.mjs',
    ]);
    await says(creating.stdout, /made-npm created/);
    await setStatus('made', { phase: 'Starting', conditions: [condition('Ready', 'False', 'PodNotReady', 'pulling')] });
    await says(creating.stderr, /made: Starting \(PodNotReady: pulling\)/);
    await setStatus('made', running);
    expect((await creating.ended).code).toBe(0);
    const { metadata, spec } = await get('made');
    expect(spec).toEqual({ image: 'i', command: ['node', 'x.mjs'], env: [{ name: 'A', value: 'b=c' }] });
    const policy = JSON.parse(await kubectl(['get', 'egp', 'made-npm', '--output=json'])) as {
      metadata: { ownerReferences: { uid: string }[] };
      spec: { sandboxSelector: object };
    };
    expect(policy.spec.sandboxSelector).toEqual({ matchLabels: { 'creel.dev/sandbox': 'made' } });
    expect(policy.metadata.ownerReferences[0]?.uid).toBe(metadata.uid);
  });

  test('what nobody will change without help ends the wait at once', async () => {
    const creating = start(['sandbox', 'create', 'stuck', '--image', 'i']);
    await says(creating.stdout, /created/);
    await setStatus('stuck', {
      phase: 'Pending',
      conditions: [condition('Stalled', 'True', 'NameTaken', 'Pod csb-stuck exists')],
    });
    const ended = await creating.ended;
    expect(ended.code).toBe(exitCodes.failed);
    expect(ended.stderr).toContain(
      `error: stuck: Pod csb-stuck exists\n  try: kubectl creel -n ${namespace} describe stuck`,
    );
  });

  test('a client dry run is what kubectl applies; a refusal leaves nothing behind', async () => {
    const shown = await creel([
      'sandbox',
      'create',
      'dry',
      '--image',
      'i',
      '--preset',
      'git-read',
      '--gpu',
      '2',
      '--dry-run=client',
      '-o',
      'yaml',
    ]);
    expect(parseAllDocuments(shown.stdout)).toHaveLength(2);
    const applied = await kubectl(['apply', '--server-side', '--dry-run=server', '--filename=-'], shown.stdout);
    expect(applied).toContain('sandbox.creel.dev/dry serverside-applied');
    expect(applied).toContain('egresspolicy.creel.dev/dry-git-read serverside-applied');
    const refused = await creel(['sandbox', 'create', 'dry', '--image', 'i', '--preset', 'npm', '--env', '1=x']);
    expect(refused.stderr).toContain('spec.env[0].name');
    expect(await kubectl(['get', 'csb,egp', '--output=name'])).not.toContain('dry');
    const unknown = await creel(['sandbox', 'create', 'dry', '--image', 'i', '--preset', 'everything']);
    expect([unknown.code, unknown.stderr]).toEqual([
      exitCodes.usage,
      expect.stringContaining('there are baseline, discord, docker'),
    ]);
  });
});

const isSuspended = async () => ((await get('owned')).spec.lifecycle?.suspend === true ? true : undefined);

describe('suspend and resume', () => {
  test('patch one field, warn of whoever owns it, and wait for the effect', async () => {
    const manifest = {
      apiVersion: 'creel.dev/v1alpha1',
      kind: 'Sandbox',
      metadata: { name: 'owned' },
      spec: { image: 'i', lifecycle: { suspend: false } },
    };
    await kubectl(
      ['apply', '--server-side', '--field-manager=argocd-controller', '--filename=-'],
      JSON.stringify(manifest),
    );
    await setStatus('owned', running);
    const suspending = start(['sandbox', 'suspend', 'owned']);
    await waitUntil(isSuspended, { what: 'the patch', timeoutMs: 30_000 });
    await setStatus('owned', { phase: 'Suspended', pod: null, conditions: [condition('Ready', 'False', 'Suspended')] });
    const ended = await suspending.ended;
    expect([ended.code, ended.stdout]).toEqual([0, 'owned suspended\n']);
    const refused = await creel(['connect', 'owned', '--', 'true']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/owned is suspended[^]*sandbox resume owned/);
    expect(ended.stderr).toContain('warning: spec.lifecycle.suspend is managed by Argo CD (argocd-controller)');
    expect((await creel(['sandbox', 'resume', 'owned', '--no-wait'])).stdout).toBe('owned is to be resumed\n');
  });

  test('a wait that is over has its own exit code', async () => {
    await create({ kind: 'Sandbox', metadata: { name: 'slow' }, spec: { image: 'i' } });
    const ended = await creel(['sandbox', 'suspend', 'slow', '--timeout', '1s']);
    expect(ended.code).toBe(exitCodes.timeout);
    expect(ended.stderr).toContain('slow is not Suspended after 1 s; last: nothing heard of the operator\n');
  });
});

describe('sandbox delete', () => {
  test('says what becomes of /sandbox, and asks', async () => {
    await create({ kind: 'Sandbox', metadata: { name: 'gone' }, spec: { image: 'i', workspace: { size: '5Gi' } } });
    const asked = await creel(['sandbox', 'delete', 'gone']);
    expect(asked.code).toBe(exitCodes.failed);
    expect(asked.stderr).toContain('All files in /sandbox of gone are deleted with their claim csb-gone (5Gi)');
    expect((await get('gone')).metadata.name).toBe('gone');
    const kept = await creel(['sandbox', 'delete', 'gone', '--yes', '--keep-workspace', '--no-wait']);
    expect(kept.stderr).toContain('are kept in claim csb-gone');
    const done = await creel(['sandbox', 'delete', 'gone', '--yes']);
    expect([0, exitCodes.notFound]).toContain(done.code);
    expect(await kubectl(['get', 'csb', '--output=name'])).not.toContain('/gone');
  });
});

describe('get, status, describe', () => {
  test('list and show what there is', async () => {
    await create({ kind: 'Sandbox', metadata: { name: 'shown' }, spec: { image: 'i' } });
    await setStatus('shown', {
      phase: 'Pending',
      pending: 1,
      conditions: [condition('Ready', 'False', 'PodNotReady', 'no node has room')],
    });
    const { metadata } = await get('shown');
    await create({ kind: 'EgressPolicy', metadata: { name: 'all' }, spec: { sandboxSelector: {}, allow: [] } });
    await makeRequest('apr-shown', { sandbox: 'shown', uid: metadata.uid, host: 'api-github.com' });
    expect((await creel(['get', 'csb/shown', '-o', 'name'])).stdout).toBe('sandbox.creel.dev/shown\n');
    expect((await creel(['get', 'policies'])).stdout).toMatch(/^POLICY +ALLOW +DENY +SELECTS.*\nall +0 +0 +all/);
    expect((await creel(['status', 'shown'])).stdout).toMatch(
      /! Ready False: {2}PodNotReady: no node has room\n +try: kubectl creel/,
    );
    const story = (await creel(['describe', 'shown'])).stdout;
    expect(story).toMatch(/Policies:\n {2}EgressPolicy all: 0 allow rules, 0 deny rules\n/);
    expect(story).toMatch(/Pending \(1\):\n {2}apr-shown {2}shown → api-github.com:443, 1 ×\n/);
    const request = (await creel(['describe', 'apr/apr-shown'])).stdout;
    expect(request).toContain('! looks like github.com and is not');
    expect(request).toContain(`kubectl creel -n ${namespace} approve apr/apr-shown --for 1h`);
  });

  test('what is not there has its own exit code, a kind that is none is wrong usage', async () => {
    expect((await creel(['describe', 'nobody'])).code).toBe(exitCodes.notFound);
    expect((await creel(['get', 'pods'])).code).toBe(exitCodes.usage);
    expect((await creel(['logs', 'nobody'])).code).toBe(exitCodes.notFound);
    const none = await creel(['logs', 'shown']);
    expect(none.stderr).toContain('sandbox shown is Pending and has no pod');
  });
});

test('inference set warns of the pipeline that will take it back, and list and get show where calls go', async () => {
  const profile = { provider: 'OpenAI', service: { name: 'vllm', port: 8000 }, model: 'small' };
  await create({ kind: 'InferenceProfile', metadata: { name: 'local' }, spec: profile });
  const manifest = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 'routed' },
    spec: { image: 'i', inference: { profile: 'other' } },
  };
  await kubectl(
    ['apply', '--server-side', '--field-manager=kustomize-controller', '--filename=-'],
    JSON.stringify(manifest),
  );
  const set = await creel(['inference', 'set', '--sandbox', 'routed', '--profile', 'local']);
  expect(set.stderr).toContain('warning: spec.inference.profile is managed by Flux');
  expect(set.stdout).toContain('routed will talk to small by profile local once it runs');
  expect((await get('routed')).spec.inference).toEqual({ profile: 'local' });
  expect((await creel(['inference', 'list'])).stdout).toMatch(
    /^PROFILE +PROVIDER .*\nlocal +OpenAI +small +service vllm:8000 +Unknown/,
  );
  expect((await creel(['inference', 'get', '--sandbox', 'routed', '-o', 'json'])).code).toBe(0);
});
