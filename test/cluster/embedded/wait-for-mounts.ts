import { readFileSync } from 'node:fs';
import { waitUntil } from '../base/wait-until.ts';
import type { ClusterLayout, NodeLayout } from './layout.ts';
import { logTail, readProcess } from './managed-process.ts';
import { fixedFolders } from './node-programs.ts';

/** Waits until the holder of the node's mounts has made all of them: a program that enters earlier would miss some. */
export async function waitForMounts(layout: ClusterLayout, node: NodeLayout): Promise<void> {
  const name = `${node.name}-mounts`;
  await waitUntil(
    () => {
      const holder = readProcess(layout, name);
      if (holder === undefined) return undefined;
      const { pid } = holder.identity;
      // The holder becomes `sleep` only after its last mount.
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sleep' ? true : undefined;
    },
    {
      what: `the mounts of ${node.name} (${fixedFolders.join(', ')})`,
      timeoutMs: 10_000,
      intervalMs: 10,
      explain: () => logTail(layout, name),
    },
  );
}
