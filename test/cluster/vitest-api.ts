// Global setup of the api tier: one control plane for all its files, a namespace for each (test-namespace.ts).
import type { TestProject } from 'vitest/node';
import { startTestCluster } from './start-test-cluster.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  return startTestCluster(project, { prefix: 'api', nodes: 0 });
}
