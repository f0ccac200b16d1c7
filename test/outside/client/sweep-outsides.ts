import { isRunning } from '../../cluster/base/process-identity.ts';
import { outsideLayoutOf } from './outside-layout.ts';
import { listOutsideNames, readOutsideRecord } from './outside-record.ts';
import { removeOutside } from './remove-outside.ts';

/** Takes down what killed runs left. */
export async function sweepOutsides(): Promise<void> {
  for (const name of listOutsideNames()) {
    const owner = readOutsideRecord(outsideLayoutOf(name))?.owner;
    if (owner !== undefined && !isRunning(owner)) await removeOutside(name);
  }
}
