// A09 to A11 on the real API server: what an agent may bring into an object at all, and what kubectl and our commands then print of it,
// byte by byte. The control: the same texts in a ConfigMap, printed raw, are found.
import { sample, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displaySafe } from '../engine/canonical/display.ts';
import { holdsInvisible } from './output/escape-invisible.ts';
import { hostileTexts } from './term/testing/hostile-texts.ts';
import { clusterFixture } from './testing/cluster-fixture.ts';

const { kubectl, creel, create } = clusterFixture('hostile');
// The API server takes no lone surrogates, JSON has none.
const texts = [...hostileTexts, ...sample(string({ unit: 'binary', maxLength: 40 }), { numRuns: 60, seed: 11 })]
  .map(text => text.toWellFormed())
  .filter(text => holdsInvisible(text));
const isClean = (output: string) => !holdsInvisible(output.replaceAll('\t', ' '));

const request = (name: string, over: object, status?: object) => ({
  apiVersion: 'creel.dev/v1alpha1',
  kind: 'ApprovalRequest',
  metadata: { name },
  spec: {
    type: 'Egress',
    sandbox: { name: 'agent', uid: 'u' },
    egress: {
      host: 'a.example',
      port: 443,
      reason: 'NotListed',
      binary: { path: '/usr/bin/curl', sha256: '0'.repeat(64) },
      ...over,
    },
  },
  ...(status === undefined ? {} : { status }),
});
const list = (items: readonly object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
/** How many of the objects the API server would take. */
async function accepted(items: readonly object[]): Promise<string> {
  try {
    return await kubectl(['create', '--dry-run=server', '--output=name', '--filename=-'], list(items));
  } catch (error) {
    return (error as { stdout?: string }).stdout ?? '';
  }
}

const patch = (status: object) => ['--subresource=status', '--type=merge', `--patch=${JSON.stringify({ status })}`];

test('the control: printed raw, the texts are found', async () => {
  const data = Object.fromEntries(texts.map((text, at) => [`k${at}`, text]));
  await kubectl(
    ['create', '--filename=-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'raw' }, data }),
  );
  const raw = await kubectl([
    'get',
    'configmap',
    'raw',
    '--output=go-template={{range $k, $v := .data}}{{$v}}{{"\\n"}}{{end}}',
  ]);
  expect(isClean(raw)).toBe(false);
});

describe('the schema refuses', () => {
  test('A09 hosts, executables and their parents that could drive a terminal', async () => {
    const objects = texts.flatMap((text, at) => [
      request(`apr-h${at}`, { host: text }),
      request(`apr-b${at}`, { binary: { path: text, sha256: '0'.repeat(64) } }),
      request(`apr-a${at}`, { binary: { path: '/x', sha256: '0'.repeat(64), ancestors: [text] } }),
    ]);
    expect(await accepted(objects)).toBe('');
    // Not because all is refused.
    expect(await accepted([request('apr-good', {})])).toContain('apr-good');
  });

  test('A09 reasons of people with controls or bidi marks, A10 what is too long', async () => {
    const decided = (reason: string, at: number) => {
      const base = request(`apr-d${at}`, {});
      return { ...base, spec: { ...base.spec, decision: { verdict: 'Deny', reason } } };
    };
    expect(await accepted(texts.map(text => `${text}\u202e`).map(decided))).toBe('');
    expect(await accepted([decided('x'.repeat(513), 0), request('apr-l', { host: 'a'.repeat(254) })])).toBe('');
  });
});

test('A11 JSON inside a field is text inside a field', async () => {
  const path = '/bin/x"}],"status":{"phase":"Approved"},"x":[{"';
  await create(request('apr-json', { binary: { path, sha256: '0'.repeat(64) } }, { phase: 'Approved' }));
  const stored = JSON.parse(await kubectl(['get', 'apr', 'apr-json', '--output=json'])) as {
    spec: { egress: { binary: { path: string } } };
    status?: { phase?: string };
  };
  expect(stored.spec.egress.binary.path).toBe(path);
  expect(stored.status?.phase).toBeUndefined();
  const shown = JSON.parse((await creel(['get', 'apr/apr-json', '-o', 'json'])).stdout) as typeof stored;
  expect(shown.spec.egress.binary.path).toBe(path);
});

describe('what the operator writes after escaping, and what it never should', () => {
  test('A09 requests as it writes them come out of kubectl and of our commands without a byte that drives a terminal', async () => {
    const objects = texts.slice(0, 60).map((text, at) =>
      request(`apr-w${at}`, {
        binary: { path: `/bin/${displaySafe(text)}`.slice(0, 512).replace(/[^ -~]/g, '?'), sha256: '0'.repeat(64) },
      }),
    );
    await kubectl(['create', '--filename=-'], list(objects));
    const columns = 'NAME:.metadata.name,BINARY:.spec.egress.binary.path';
    const outputs = await Promise.all([
      kubectl(['get', 'apr', '--output=wide']),
      kubectl(['get', 'apr', `--output=custom-columns=${columns}`]),
      kubectl(['get', 'apr', '--output=yaml']),
      kubectl(['get', 'apr', '--output=jsonpath={.items[*].spec.egress.binary.path}']),
      kubectl(['get', 'apr', '--output=go-template={{range .items}}{{.spec.egress.binary.path}}{{"\\n"}}{{end}}']),
      kubectl(['describe', 'apr']),
    ]);
    expect(outputs.map(isClean)).toEqual(outputs.map(() => true));
    for (const args of [
      ['approvals'],
      ['approvals', '-o', 'wide'],
      ['approvals', '-o', 'yaml'],
      ['get', 'approvals', '-o', 'json'],
      ['describe', 'apr/apr-w0'],
    ]) {
      const { code, stdout, stderr } = await creel(args);
      expect([args, code, isClean(stdout + stderr)]).toEqual([args, 0, true]);
    }
  });

  test('A09 free text of a status, were it hostile, is escaped by our commands all the same', async () => {
    await create({ kind: 'Sandbox', metadata: { name: 'box' }, spec: { image: 'i' } });
    await create(request('apr-status', {}));
    const at = '2026-01-01T00:00:00Z';
    const message = texts.join(' ').slice(0, 30_000).toWellFormed();
    const conditions = [{ type: 'Ready', status: 'False', reason: 'R', message, lastTransitionTime: at }];
    const history = texts
      .slice(0, 10)
      .map(text => ({ at, phase: 'Denied', by: text.slice(0, 500), message: text.slice(0, 500) }));
    await kubectl(['patch', 'csb', 'box', ...patch({ phase: 'Failed', conditions })]);
    await kubectl(['patch', 'apr', 'apr-status', ...patch({ phase: 'Denied', history })]);
    const commands = [
      ['status', 'box'],
      ['status', '-o', 'wide'],
      ['describe', 'box'],
      ['get', 'csb/box', '-o', 'yaml'],
      ['describe', 'apr/apr-status'],
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await creel(command);
      expect([command, code, code === 0 ? '' : stderr, isClean(stdout + stderr)]).toEqual([command, 0, '', true]);
    }
  }, 180_000);

  test('A09 refusals of the API server that quote what was typed', async () => {
    for (const text of ['\u001b[2J', 'x\u202ey', 'a\nerror: all is well']) {
      const { code, stdout, stderr } = await creel(['describe', text]);
      expect(code).not.toBe(0);
      expect(isClean(stdout + stderr)).toBe(true);
      expect(stderr.split('\n').filter(line => line.startsWith('error:'))).toHaveLength(1);
    }
  }, 180_000);
});
