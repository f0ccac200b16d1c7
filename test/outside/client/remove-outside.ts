import { rmSync } from 'node:fs';
import { isRunning } from '../../cluster/base/process-identity.ts';
import { waitUntil } from '../../cluster/base/wait-until.ts';
import { outsideLayoutOf } from './outside-layout.ts';
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
  rmSync(layout.folder, { recursive: true, force: true });
}
