import { spawnSync } from 'node:child_process';
import type { BuildContext } from '../build/build-once.ts';
import { ensureKubeBinaries } from '../build/kube-binaries.ts';

/** How kubectl and helm are called: the first words of the command. */
export interface ClusterTools {
  readonly kubectl: readonly string[];
  readonly helm: readonly string[];
}

/** The machine's kubectl and helm; ours, built from source, where one is missing. */
export async function findClusterTools(context: BuildContext): Promise<ClusterTools> {
  if (works(['kubectl', 'version', '--client']) && works(['helm', 'version']))
    return { kubectl: ['kubectl'], helm: ['helm'] };
  const { kube, helm } = await ensureKubeBinaries(context);
  return { kubectl: [kube, 'kubectl'], helm: [helm] };
}

function works([program, ...args]: readonly [string, ...string[]]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}
