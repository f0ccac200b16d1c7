// An embedded cluster for one run of one tier: its own name, owned by this process, down at the end.
import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { identifyProcess } from './base/process-identity.ts';
import { stderrProgress } from './base/progress.ts';
import { ensureCriBinaries } from './build/cri-binaries.ts';
import { ensureKubeBinaries } from './build/kube-binaries.ts';
import { sweepOrphans } from './embedded/sweep-orphans.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { startEmbeddedWithOutside } from './start-embedded-with-outside.ts';
import { refuseRealNetwork } from './wants-real-network.ts';

export interface TestClusterOptions {
  readonly prefix: string;
  readonly nodes: number;
}

/** Provides the cluster to the project's workers; answers what takes it down. */
export async function startTestCluster(
  project: TestProject,
  { prefix, nodes }: TestClusterOptions,
): Promise<() => Promise<void>> {
  refuseRealNetwork();
  const context = { progress: stderrProgress, signal: new AbortController().signal };
  const owner = identifyProcess(process.pid);
  if (owner === undefined) throw new Error('this process has no entry in /proc');
  await sweepOrphans(context.progress, context.signal);
  const binaries = await ensureKubeBinaries(context);
  const cri = nodes === 0 ? {} : { cri: await ensureCriBinaries(context) };
  const startedMs = Date.now();
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  const cluster = await startEmbeddedWithOutside({ ...context, name, nodes, owner });
  context.progress(
    `${name} ready in ${((Date.now() - startedMs) / 1000).toFixed(1)} s (KUBECONFIG=${cluster.kubeconfigPath})`,
  );
  const provided: ProvidedCluster = { name, binaries, ...cri };
  project.provide('creelCluster', provided);
  return () => cluster.down();
}
