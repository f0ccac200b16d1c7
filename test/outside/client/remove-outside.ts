import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isRunning } from '../../cluster/base/process-identity.ts';
import { waitUntil } from '../../cluster/base/wait-until.ts';
import { type OutsideLayout, outsideLayoutOf } from './outside-layout.ts';
import { deleteOutsideNetwork } from './outside-network.ts';
import { readOutsideRecord } from './outside-record.ts';

/** Ends the outside world of this name, whoever made it; one that does not exist is fine. */
export async function removeOutside(name: string): Promise<void> {
  const layout = outsideLayoutOf(name);
  const server = readOutsideRecord(layout)?.server;
  if (server !== undefined && isRunning(server)) {
    process.kill(server.pid, 'SIGKILL');
    await waitUntil(() => (isRunning(server) ? undefined : true), {
      what: `the servers of the outside world ${name} (pid ${server.pid}) to end`,
      timeoutMs: 5_000,
      intervalMs: 5,
    });
  }
  await deleteOutsideNetwork(layout);
  removeScratch(layout);
  rmSync(layout.folder, { recursive: true, force: true });
}

function removeScratch({ scratchPrefix }: OutsideLayout): void {
  const folder = dirname(scratchPrefix);
  for (const entry of readdirSync(folder))
    if (entry.startsWith(basename(scratchPrefix))) rmSync(join(folder, entry), { recursive: true, force: true });
}
