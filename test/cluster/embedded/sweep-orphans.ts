import { isRunning } from '../base/process-identity.ts';
import type { Progress } from '../base/progress.ts';
import { withFileLock } from '../base/with-file-lock.ts';
import { listClusterNames, readClusterRecord } from './cluster-record.ts';
import { layoutOf } from './layout.ts';
import { tearDown } from './tear-down.ts';

/** Takes down the clusters of runs that were killed: their owner is recorded and no longer runs. */
export async function sweepOrphans(progress: Progress, signal: AbortSignal): Promise<void> {
  for (const name of listClusterNames()) {
    const layout = layoutOf(name);
    if (!isOrphan(name)) continue;
    await withFileLock(layout.lock, signal, async () => {
      if (!isOrphan(name)) return;
      progress(`taking down ${name}: the run that started it is gone`);
      await tearDown(layout);
    });
  }
}

function isOrphan(name: string): boolean {
  const owner = readClusterRecord(name)?.owner;
  return owner !== undefined && !isRunning(owner);
}
