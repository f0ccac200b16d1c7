// Global setup of the kubelet tier: one node for all its files; its images are imported by the files that need them.
import type { TestProject } from 'vitest/node';
import { startTestCluster } from './start-test-cluster.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  return startTestCluster(project, { prefix: 'kubelet', nodes: 1 });
}
