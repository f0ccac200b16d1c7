// Every process that belongs to a cluster, recorded or not: by record, by the mark in its environment, by its network
// namespace, and by its control group (containers). Nothing else is ever signalled.
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from '../base/process-identity.ts';
import { cgroupFoldersOf } from './cgroups.ts';
import type { ClusterLayout } from './layout.ts';
import { folderVariable, listProcesses } from './managed-process.ts';
import { netnsNamesOf } from './netns-names.ts';
import { netnsPath } from './network.ts';

export function findProcesses(layout: ClusterLayout): readonly ProcessIdentity[] {
  const found = new Map<number, ProcessIdentity>();
  for (const { identity } of listProcesses(layout)) if (isRunning(identity)) found.set(identity.pid, identity);
  const namespaces = new Set(netnsNamesOf(layout).map(name => `net:[${statSync(netnsPath(name)).ino}]`));
  for (const pid of allPids())
    if (!found.has(pid) && (isMarked(pid, layout) || namespaces.has(networkOf(pid)))) add(found, pid);
  for (const folder of cgroupFoldersOf(layout)) for (const pid of pidsOfCgroup(folder)) add(found, pid);
  found.delete(process.pid);
  return [...found.values()];
}

function add(found: Map<number, ProcessIdentity>, pid: number): void {
  const identity = identifyProcess(pid);
  if (identity !== undefined) found.set(pid, identity);
}

function allPids(): readonly number[] {
  return readdirSync('/proc').flatMap(entry => (/^\d+$/.test(entry) ? [Number(entry)] : []));
}

function isMarked(pid: number, layout: ClusterLayout): boolean {
  const environment = readQuietly(() => readFileSync(`/proc/${pid}/environ`, 'latin1'));
  return environment.split('\0').includes(`${folderVariable}=${layout.folder}`);
}

function networkOf(pid: number): string {
  return readQuietly(() => readlinkSync(`/proc/${pid}/ns/net`));
}

function pidsOfCgroup(folder: string): readonly number[] {
  const procs = join(folder, 'cgroup.procs');
  if (!existsSync(procs)) return [];
  return readQuietly(() => readFileSync(procs, 'utf8'))
    .split('\n')
    .filter(line => line !== '')
    .map(Number);
}

/** Processes and control groups come and go while they are read; one that went is none of ours any more. */
function readQuietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
