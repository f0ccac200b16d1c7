// Installs Creel the way a user does: helm, with this tree's chart and images.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';

const root = dirname(dirname(import.meta.dirname));
export const creelNamespace = 'creel-system';

export interface InstallOptions {
  /** PEM of authorities that sidecars trust for upstream servers beside the public ones. */
  readonly extraCa?: string;
  /** The chart's values of that name. */
  readonly upstreamProxy?: { readonly url: string; readonly secretName: string };
}

/** Installs or upgrades, and waits until the operator is ready. */
export async function installCreel(cluster: Cluster, { extraCa = '', upstreamProxy }: InstallOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'creel-values-'));
  try {
    const values = join(folder, 'values.json');
    writeFileSync(values, JSON.stringify({ extraCa, ...(upstreamProxy && { upstreamProxy }) }));
    const target = ['creel', join(root, 'charts', 'creel'), '--namespace', creelNamespace, '--create-namespace'];
    await cluster.helm(['upgrade', '--install', ...target, '--values', values, '--wait', '--timeout', '120s']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
