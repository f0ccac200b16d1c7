// Long-running programs of a cluster: detached, logged, and recorded so that any later command finds exactly them again.
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { identifyProcess, isRunning, processIdentitySchema } from '../base/process-identity.ts';
import { waitUntil } from '../base/wait-until.ts';
import type { ClusterLayout } from './layout.ts';

/** Every program of a cluster carries its folder here, so that even one whose record was never written is found. */
export const folderVariable = 'CREEL_CLUSTER_FOLDER';

const processSpecSchema = z.object({
  name: z.string(),
  command: z.array(z.string()),
  netns: z.string(),
  /** Enter the mount namespace of this process too. */
  mountsOf: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
});
export type ProcessSpec = z.infer<typeof processSpecSchema>;

const managedProcessSchema = z.object({ spec: processSpecSchema, identity: processIdentitySchema });
export type ManagedProcess = z.infer<typeof managedProcessSchema>;

/** Starts the program unless it runs already. */
export async function startProcess(layout: ClusterLayout, spec: ProcessSpec): Promise<void> {
  const running = readProcess(layout, spec.name);
  if (running !== undefined && isRunning(running.identity)) return;
  mkdirSync(layout.processes, { recursive: true });
  mkdirSync(layout.logs, { recursive: true });
  const log = openSync(logPath(layout, spec.name), 'a');
  try {
    const child = spawn('nsenter', [...namespaceFlags(layout, spec), ...spec.command], {
      cwd: layout.folder,
      env: { ...process.env, ...spec.env, [folderVariable]: layout.folder },
      stdio: ['ignore', log, log],
      detached: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.on('spawn', resolve);
      child.on('error', reject);
    });
    child.unref();
    // Undefined when it ended at once: then there is nothing to record, and whoever waits for it reads its log.
    const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
    if (identity !== undefined) writeProcess(layout, { spec, identity });
  } finally {
    closeSync(log);
  }
}

/** Ends the program and waits until it is gone; its record stays, so that `startProcess` of the same spec works. */
export async function stopProcess(layout: ClusterLayout, name: string, signal: NodeJS.Signals): Promise<void> {
  const running = readProcess(layout, name);
  if (running === undefined || !isRunning(running.identity)) return;
  process.kill(running.identity.pid, signal);
  await waitUntil(() => (isRunning(running.identity) ? undefined : true), {
    what: `${name} (pid ${running.identity.pid}) to end after ${signal}`,
    timeoutMs: 15_000,
    intervalMs: 10,
  });
}

export function readProcess(layout: ClusterLayout, name: string): ManagedProcess | undefined {
  const path = join(layout.processes, `${name}.json`);
  if (!existsSync(path)) return undefined;
  return managedProcessSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

export function listProcesses(layout: ClusterLayout): readonly ManagedProcess[] {
  if (!existsSync(layout.processes)) return [];
  return readdirSync(layout.processes)
    .filter(file => file.endsWith('.json'))
    .flatMap(file => readProcess(layout, file.slice(0, -'.json'.length)) ?? []);
}

export function logPath(layout: ClusterLayout, name: string): string {
  return join(layout.logs, `${name}.log`);
}

/** The end of a program's log, for error messages. */
export function logTail(layout: ClusterLayout, name: string): string {
  const path = logPath(layout, name);
  if (!existsSync(path)) return `${path} does not exist`;
  return `the end of ${path}:\n${readFileSync(path, 'utf8').slice(-2_000)}`;
}

function namespaceFlags(layout: ClusterLayout, spec: ProcessSpec): readonly string[] {
  const flags = [`--net=/run/netns/${spec.netns}`];
  if (spec.mountsOf === undefined) return flags;
  const holder = readProcess(layout, spec.mountsOf);
  if (holder === undefined) throw new Error(`${spec.name} needs the mounts of ${spec.mountsOf}, which was not started`);
  return [...flags, `--mount=/proc/${holder.identity.pid}/ns/mnt`];
}

function writeProcess(layout: ClusterLayout, managed: ManagedProcess): void {
  const path = join(layout.processes, `${managed.spec.name}.json`);
  writeFileSync(`${path}.new`, JSON.stringify(managed, undefined, 2));
  renameSync(`${path}.new`, path);
}
