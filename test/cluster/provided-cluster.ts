// What a global setup hands to the workers: enough to open its cluster there.
import type { KubeBinaries } from './build/kube-binaries.ts';

export interface ProvidedCluster {
  readonly name: string;
  readonly binaries: KubeBinaries;
  /** The folder of ctr; undefined for a control plane without nodes. */
  readonly cri?: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    readonly creelCluster: ProvidedCluster;
  }
}
