// A killed `up` leaves nothing that `down` does not clean; and `down` touches nothing that is not the cluster's.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { identifyProcess, isRunning } from '../base/process-identity.ts';
import { waitUntil } from '../base/wait-until.ts';
import { ensureKubeBinaries } from '../build/kube-binaries.ts';
import { findProcesses } from './find-processes.ts';
import { type ClusterLayout, layoutOf } from './layout.ts';
import { netnsNamesOf } from './netns-names.ts';
import { netnsExists } from './network.ts';
import { tearDown } from './tear-down.ts';

const main = join(import.meta.dirname, '..', 'main.ts');
const started: ClusterLayout[] = [];

beforeAll(async () => {
  await ensureKubeBinaries({
    progress: line => process.stderr.write(`${line}\n`),
    signal: new AbortController().signal,
  });
});
afterEach(async () => {
  for (const layout of started.splice(0)) await tearDown(layout);
});

function newLayout(): ClusterLayout {
  const layout = layoutOf(`down-${randomBytes(3).toString('hex')}`);
  started.push(layout);
  return layout;
}

function up(layout: ClusterLayout): ChildProcess {
  return spawn(process.execPath, [main, 'up', '--control-plane', '--name', layout.name], { stdio: 'ignore' });
}

function expectNothingLeft(layout: ClusterLayout): void {
  expect(netnsNamesOf(layout)).toEqual([]);
  expect(findProcesses(layout)).toEqual([]);
  expect(existsSync(`/sys/class/net/${layout.hostInterface}`)).toBe(false);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(`${layout.folder}/`);
  expect(existsSync(layout.folder)).toBe(false);
}

test.each<[moment: string, reached: (layout: ClusterLayout) => boolean]>([
  ['the first namespace is there', layout => netnsExists(layout.controlPlaneNetns)],
  ['etcd is started', layout => existsSync(join(layout.logs, 'etcd.log'))],
  ['the API server is started', layout => existsSync(join(layout.processes, 'apiserver.json'))],
  ['all is up', layout => existsSync(join(layout.processes, 'controller-manager.json'))],
])('killed when %s, `up` leaves nothing after `down`', async (_moment, reached) => {
  const layout = newLayout();
  const child = up(layout);
  await waitUntil(() => (reached(layout) ? true : undefined), { what: 'the moment', timeoutMs: 20_000, intervalMs: 1 });
  child.kill('SIGKILL');
  await once(child, 'close');
  await tearDown(layout);
  expectNothingLeft(layout);
});

test('`up` after a killed `up` gives a cluster that works, and a second `up` keeps its processes', async () => {
  const layout = newLayout();
  const killed = up(layout);
  const etcd = () => (existsSync(join(layout.processes, 'etcd.json')) ? true : undefined);
  await waitUntil(etcd, { what: 'etcd', timeoutMs: 20_000 });
  killed.kill('SIGKILL');
  await once(killed, 'close');
  expect(await once(up(layout), 'close')).toEqual([0, null]);
  const first = findProcesses(layout);
  expect(await once(up(layout), 'close')).toEqual([0, null]);
  expect(findProcesses(layout)).toEqual(first);
});

test('a stranger that got the pid of a recorded process lives on', async () => {
  const layout = newLayout();
  const stranger = spawn('sleep', ['60']);
  const identity = identifyProcess(stranger.pid ?? 0);
  if (identity === undefined) throw new Error('the stranger did not start');
  mkdirSync(layout.processes, { recursive: true });
  const spec = { name: 'etcd', command: ['sleep', '60'], netns: layout.controlPlaneNetns };
  const recorded = { spec, identity: { ...identity, startTicks: '1' } };
  writeFileSync(join(layout.processes, 'etcd.json'), JSON.stringify(recorded));
  await tearDown(layout);
  expect(isRunning(identity)).toBe(true);
  stranger.kill('SIGKILL');
});

test('`down` of a cluster that never was is no failure', async () => {
  const layout = newLayout();
  await tearDown(layout);
  expectNothingLeft(layout);
});
