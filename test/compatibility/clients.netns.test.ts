// Real programs, unchanged, through the real fence, guard and sidecar to servers in the outside world. What is tried and how
// it goes is docs/compatibility.md: CREEL_UPDATE=1 writes it, every other run compares.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DataPath, startDataPath } from '../attacks/data-path.ts';
import { allClients } from './all-clients.ts';
import { buildGoClient } from './build-go-client.ts';
import { bundleScripts } from './bundle-scripts.ts';
import type { Client, Place } from './client.ts';
import { compatibilityPage, rowOf } from './compatibility-page.ts';
import { parseTable, type Row } from './compatibility-table.ts';
import { installOpenclaw } from './install-openclaw.ts';
import { startServers } from './servers/start-servers.ts';
import type { World } from './servers/world.ts';

const page = join(import.meta.dirname, '../../docs/compatibility.md');
const updates = process.env['CREEL_UPDATE'] === '1';
const rows: Row[] = [];
let path: DataPath;
let world: World;
let place: Place;

beforeAll(async () => {
  path = await startDataPath('cc');
  const [folder, servers] = ['agent', 'servers'].map(name => join(path.pod.folder, name)) as [string, string];
  mkdirSync(folder);
  mkdirSync(servers, { mode: 0o700 });
  chmodSync(folder, 0o777);
  world = await startServers(path.outside, servers);
  await bundleScripts(['grpc-call', 'chat', 'mcp-call', 'openai-call'], folder);
  copyFileSync(await buildGoClient(), join(folder, 'get'));
  copyFileSync(join(import.meta.dirname, 'scripts', 'Get.java'), join(folder, 'Get.java'));
  place = {
    folder,
    node: join(path.pod.folder, 'bin', 'node'),
    openclaw: await mountOpenclaw(folder),
    caFile: join(path.sidecar.files.shared, 'ca.crt'),
  };
});
afterAll(async () => {
  world?.close();
  await path?.close();
});

test.for(allClients)('%s', { timeout: 600_000 }, async ([, of], { skip }) => {
  const client = of(place);
  const version = await versionOf(client);
  if (version === undefined) {
    rows.push(rowOf(client, undefined));
    skip(`${client.name} is not installed here`);
  }
  if (client.preparation !== undefined) await prepare(client.preparation.command);
  for (const step of client.steps) await tryStep(step);
  rows.push(rowOf(client, version));
});

test('docs/compatibility.md says what has been tried', () => {
  // A client that failed has no row: that is to be mended, not written down.
  expect(rows).toHaveLength(allClients.length);
  const before = parseTable(readFileSync(page, 'utf8'));
  // What is not installed here may have been tried elsewhere.
  const kept = rows.map(row => (row.version === '' && before.find(({ client }) => client === row.client)) || row);
  if (updates) writeFileSync(page, compatibilityPage(kept));
  const written = parseTable(readFileSync(page, 'utf8'));
  // Another machine has other versions, and perhaps not every program.
  const withoutVersion = rows.map((row, index) => ({ ...(row.version === '' ? written[index] : row), version: '' }));
  expect(
    written.map(row => ({ ...row, version: '' })),
    'CREEL_UPDATE=1 npx vitest run --project netns test/compatibility writes docs/compatibility.md anew',
  ).toEqual(withoutVersion);
});

/** Into the pod, where everybody may read it; with its image's own configuration but the model's address. */
async function mountOpenclaw(folder: string): Promise<string> {
  const mounted = join(path.pod.folder, 'openclaw');
  mkdirSync(mounted);
  const command = ['mount', '--bind', '--read-only', await installOpenclaw(), mounted];
  const { exitCode, stderr } = await path.pod.run(command, { user: 'admin' });
  expect(exitCode, stderr).toBe(0);
  const config = readFileSync(join(import.meta.dirname, '../../images/openclaw/openclaw.json'), 'utf8');
  const file = join(folder, 'openclaw.json');
  writeFileSync(file, config.replace('https://inference.local/', 'https://assistant.test/'));
  chmodSync(file, 0o666);
  return mounted;
}

/** What this machine's own files say about whom to trust and where to go is no part of a sandbox. */
function withoutMachine(): Readonly<Record<string, string>> {
  const none = '/dev/null';
  return { HOME: place.folder, NPM_CONFIG_GLOBALCONFIG: none, PIP_CONFIG_FILE: none, GIT_CONFIG_NOSYSTEM: '1' };
}

async function prepare(command: readonly string[]): Promise<void> {
  const ran = await path.sidecar.runAgent(command, { env: withoutMachine(), cwd: place.folder });
  expect(ran.exitCode, ran.stderr).toBe(0);
}

async function tryStep(step: Client['steps'][number]): Promise<void> {
  await path.hub.apply({ policy: { rules: step.rules } });
  const { env = {}, cwd = place.folder, timeoutMs = 20_000 } = step;
  const ran = await path.sidecar.runAgent(step.command, {
    env: { ...withoutMachine(), ...env },
    cwd,
    timeoutMs,
  });
  expect(ran.stdout + ran.stderr, step.what).toContain(step.says);
  const endsWell = step.endsWell ?? step.verdict === 'allowed';
  expect(ran.exitCode === 0, `${step.what} ended with ${ran.exitCode}: ${ran.stderr}`).toBe(endsWell);
  if (step.unseen !== undefined) expect(world.arrived).not.toContain(step.unseen);
}

/** Major and minor; undefined, and said aloud, where the program is not installed. */
async function versionOf(client: Client): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await path.sidecar.runAgent(client.version, {
    env: withoutMachine(),
    cwd: place.folder,
  });
  const version = /\d+(\.\d+)?/.exec(stdout + stderr)?.[0];
  if (exitCode === 0 && version !== undefined) return version;
  process.stderr.write(`compatibility: SKIPPED ${client.name}: \`${client.version.join(' ')}\` ${stderr.trim()}\n`);
  return undefined;
}
