// The pictures of docs/term.md, taken of the real thing. CREEL_UPDATE=1 takes them anew, every other run compares what they say.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { installCrds } from '../../operator/testing/operator-lab.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { screenSvg, textOfSvg } from './testing/screen-svg.ts';
import { openTerminal, provideTmux, type Terminal } from './testing/terminal.ts';

const cluster = currentCluster();
/** It is in the pictures, so it has a name for people. */
const namespace = 'team-blue';
const folder = join(import.meta.dirname, '../../docs/term');
const updates = process.env['CREEL_UPDATE'] === '1';
const iso = (agoMs: number) => new Date(Date.now() - agoMs).toISOString();

const sandboxes: readonly [string, Sandbox['status']][] = [
  [
    'my-assistant',
    { phase: 'Running', pending: 2, policy: { revision: '1.18', enforcedRevision: '1.18', rules: 12, grants: 1 } },
  ],
  [
    'researcher',
    { phase: 'Running', pending: 2, policy: { revision: '1.18', enforcedRevision: '1.17', rules: 4, grants: 0 } },
  ],
  ['trainer', { phase: 'AwaitingApproval', pending: 1 }],
  ['mailer', { phase: 'Suspended' }],
];

interface Asked {
  readonly sandbox: string;
  readonly host?: string;
  readonly port?: number;
  readonly binary?: string;
  readonly reason?: 'NotListed' | 'RequestNotAllowed';
  readonly status: NonNullable<ApprovalRequest['status']>;
}
/** Oldest first; each a second after the other, for the list is in the order of creation. */
const requests: readonly Asked[] = [
  { sandbox: 'trainer', status: { hits: 1, firstSeen: iso(2_000_000) } },
  {
    sandbox: 'researcher',
    host: 'paste.ee',
    binary: '/usr/bin/python3.13',
    status: {
      hits: 12,
      samples: ['POST /api/new'],
      firstSeen: iso(600_000),
      warnings: ['anybody can leave data there for anybody'],
    },
  },
  {
    sandbox: 'researcher',
    host: 'api.github.com',
    binary: '/usr/bin/git',
    status: { hits: 4, samples: ['GET /repos/acme/site/tarball/main'], firstSeen: iso(300_000) },
  },
  {
    sandbox: 'my-assistant',
    host: 'api.githob.com',
    binary: '/usr/bin/curl',
    port: 8443,
    status: { hits: 2, samples: ['GET /'], firstSeen: iso(200_000), warnings: ['looks like github.com and is not'] },
  },
  {
    sandbox: 'my-assistant',
    host: 'api.github.com',
    binary: '/usr/bin/curl',
    reason: 'RequestNotAllowed',
    status: { hits: 1, samples: ['POST /graphql'], firstSeen: iso(130_000) },
  },
];

let terminal: Terminal | undefined;

beforeAll(async () => {
  await provideTmux();
  await installCrds();
  const uids = new Map<string, string>();
  await cluster.kubectl(['create', 'namespace', namespace]);
  for (const [name, status] of sandboxes) {
    const object = { kind: 'Sandbox', metadata: { name, namespace }, spec: { image: 'registry.example/openclaw:1' } };
    uids.set(name, await create(object, { ...status, pod: `csb-${name}` }));
  }
  for (const [index, { sandbox, host, port = 443, binary = '', reason = 'NotListed', status }] of requests.entries()) {
    const egress = host && {
      host,
      port,
      reason,
      binary: { path: binary, sha256: '3b1f'.repeat(16), ancestors: ['/bin/bash', '/usr/local/bin/openclaw'] },
    };
    const spec = {
      sandbox: { name: sandbox, uid: uids.get(sandbox) },
      ...(egress ? { type: 'Egress', egress } : { type: 'GPU', gpu: { resource: 'nvidia.com/gpu', count: 1 } }),
    };
    const name = `apr-${'abcdefgh'[index]?.repeat(32)}`;
    await create(
      { kind: 'ApprovalRequest', metadata: { name, namespace }, spec },
      { phase: 'Pending', lastSeen: iso(3_000), ...status },
    );
    await sleep(1_100);
  }
}, 120_000);
afterAll(async () => {
  await terminal?.end();
  await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false']);
});

async function create(
  object: { kind: string; metadata: { name: string; namespace: string }; spec: object },
  status: object,
): Promise<string> {
  const stdin = JSON.stringify({ apiVersion: 'creel.dev/v1alpha1', ...object });
  const uid = await cluster.kubectl(['create', '--filename=-', '--output=jsonpath={.metadata.uid}'], { stdin });
  const patch = `--patch=${JSON.stringify({ status })}`;
  await cluster.kubectl([
    '-n',
    namespace,
    'patch',
    object.kind,
    object.metadata.name,
    '--subresource=status',
    '--type=merge',
    patch,
  ]);
  return uid;
}

test.each<[string, number, number, readonly string[], string | RegExp]>([
  ['requests', 80, 24, [], '[Requests 5 pending]'],
  ['approve', 80, 24, ['Down', 'Down', 'a'], '[Approve?]'],
  ['approve-group', 80, 24, ['g', 'A'], 'APPROVE 2 requests'],
  ['wide', 160, 32, ['Down', 'Down'], /Sandboxes.*Requests.*Detail/],
])('%s', async (name, columns, rows, keys, expected) => {
  terminal = await openTerminal({
    columns,
    rows,
    args: ['-n', namespace, 'term'],
    env: { KUBECONFIG: cluster.kubeconfigPath },
  });
  await terminal.until(' live ', 60_000);
  await terminal.until(/trainer[^]*nvidia\.com\/gpu/);
  await sleep(400);
  await terminal.press(...keys);
  await terminal.until(expected);
  // Ink draws at most every 33 ms.
  await sleep(200);
  const styled = await terminal.styledScreen();
  await terminal.end();
  const file = join(folder, `${name}.svg`);
  const svg = screenSvg(styled, columns, rows);
  if (updates) {
    await mkdir(folder, { recursive: true });
    await writeFile(file, svg);
  }
  const kept = textOfSvg(await readFile(file, 'utf8'));
  expect(
    steady(textOfSvg(svg)),
    `CREEL_UPDATE=1 npx vitest run --project api cli/term/screenshots takes docs/term/${name}.svg anew`,
  ).toBe(steady(kept));
});

/** Without what is different each time: times, ages, uids, and the blanks beside them. */
function steady(text: string): string {
  return text
    .replace(/\d\d:\d\d:\d\d/g, 'TIME')
    .replace(/\b\d+[smhd]\b(?!\])/g, 'AGE')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{20,27}/g, 'UID')
    .replace(/[ ─]+/g, ' ');
}
