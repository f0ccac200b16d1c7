// Makes an outside world: its namespace, and the process with all servers in it.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identifyProcess, isRunning } from '../../cluster/base/process-identity.ts';
import { waitUntil } from '../../cluster/base/wait-until.ts';
import { ensureDebianPackages } from '../../cluster/build/debian-packages.ts';
import { callOutside } from './call-outside.ts';
import { Outside } from './outside.ts';
import { type OutsideLayout, outsideLayoutOf } from './outside-layout.ts';
import { createOutsideNetwork } from './outside-network.ts';
import { readOutsideRecord, writeOutsideRecord } from './outside-record.ts';
import { removeOutside } from './remove-outside.ts';
import { sweepOutsides } from './sweep-outsides.ts';

export interface OutsideOptions {
  /** Unique on this machine; one that exists under it is taken down first. */
  readonly name: string;
  /** Outlives this process; `openOutside` finds it again and `removeOutside` ends it. */
  readonly detached?: boolean;
}

const mainFile = join(import.meta.dirname, '..', 'main.ts');

export async function createOutside({ name, detached = false }: OutsideOptions): Promise<Outside> {
  const layout = outsideLayoutOf(name);
  await installTools();
  await sweepOutsides();
  await removeOutside(name);
  mkdirSync(layout.folder, { recursive: true });
  const owner = identifyProcess(process.pid);
  writeOutsideRecord(layout, detached || owner === undefined ? {} : { owner });
  try {
    await createOutsideNetwork(layout);
    startServers(layout, detached);
    return await connectTo(layout);
  } catch (error) {
    await removeOutside(name);
    throw error;
  }
}

/** One that a detached `createOutside` made earlier, or undefined when it does not run. */
export async function openOutside(name: string): Promise<Outside | undefined> {
  const layout = outsideLayoutOf(name);
  const server = readOutsideRecord(layout)?.server;
  return server !== undefined && isRunning(server) ? connectTo(layout) : undefined;
}

async function connectTo(layout: OutsideLayout): Promise<Outside> {
  const { caPem } = await waitUntil(() => callOutside(layout.controlSocket, 'info', {}), {
    what: `the servers of the outside world ${layout.name}`,
    timeoutMs: 20_000,
    intervalMs: 10,
    explain: () => `its log:\n${existsSync(layout.log) ? readFileSync(layout.log, 'utf8').slice(-2_000) : 'none'}`,
  });
  return new Outside(layout, caPem, () => removeOutside(layout.name));
}

function startServers(layout: OutsideLayout, detached: boolean): void {
  const log = openSync(layout.log, 'a');
  const program = [process.execPath, '--disable-warning=ExperimentalWarning', mainFile, layout.folder];
  const child = spawn(
    'nsenter',
    [`--net=${layout.netnsPath}`, ...program, ...(detached ? [] : ['--owned'])],
    // Owned: it ends when our end of the pipe closes, however this process ends.
    { stdio: [detached ? 'ignore' : 'pipe', log, log], detached: true, env: { ...process.env, NODE_OPTIONS: '' } },
  );
  closeSync(log);
  child.on('error', error => process.stderr.write(`outside: cannot start the servers: ${error.message}\n`));
  child.unref();
  const server = child.pid === undefined ? undefined : identifyProcess(child.pid);
  writeOutsideRecord(layout, { ...readOutsideRecord(layout), ...(server === undefined ? {} : { server }) });
}

async function installTools(): Promise<void> {
  await ensureDebianPackages(['iproute2', 'nftables', 'tcpdump', 'procps'], {
    progress: line => process.stderr.write(`outside: ${line}\n`),
    signal: new AbortController().signal,
  });
}
