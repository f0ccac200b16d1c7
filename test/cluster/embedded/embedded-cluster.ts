// A running embedded cluster, opened from its name by the process that started it or by any other.
import { basename } from 'node:path';
import { ClusterError } from '../base/cluster-error.ts';
import { runCommand } from '../base/run-command.ts';
import { withFileLock } from '../base/with-file-lock.ts';
import type { KubeBinaries } from '../build/kube-binaries.ts';
import type { Cluster, KubectlOptions } from '../cluster.ts';
import { addressesOf, apiServerPort } from './addresses.ts';
import { createClientKubeconfig } from './certificates.ts';
import { type ClusterRecord, readClusterRecord } from './cluster-record.ts';
import { waitForApiServer } from './control-plane.ts';
import { importIntoNode } from './import-into-node.ts';
import { type ClusterLayout, layoutOf, nodeLayoutOf } from './layout.ts';
import { readProcess, startProcess, stopProcess } from './managed-process.ts';
import { tearDown } from './tear-down.ts';

export type ControlPlaneProgram = 'etcd' | 'apiserver' | 'controller-manager' | 'scheduler';

/** What only a cluster of our own can do: faults, and a look into its parts. */
export interface EmbeddedCluster extends Cluster {
  readonly provider: 'embedded';
  readonly layout: ClusterLayout;
  readonly record: ClusterRecord;
  /** Ends a program of the control plane: SIGKILL for a crash, SIGTERM for a clean end. */
  stop(program: ControlPlaneProgram, signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again with the same arguments; for the API server it waits until it is ready. */
  start(program: ControlPlaneProgram): Promise<void>;
  /** Ends the API server and starts it again, and waits until it is ready. */
  restartApiServer(): Promise<void>;
}

/** What opening needs to know that the cluster's folder does not say. */
export interface OpenContext {
  readonly binaries: KubeBinaries;
  /** Where ctr is; undefined when the cluster has no nodes. */
  readonly cri?: string;
  readonly signal: AbortSignal;
}

export function openEmbeddedCluster(name: string, context: OpenContext): EmbeddedCluster {
  const layout = layoutOf(name);
  const record = readClusterRecord(name);
  if (record === undefined)
    throw new ClusterError(`No cluster '${name}' is running; start it with: npm run cluster -- up --name ${name}`);
  const addresses = addressesOf(record.subnet);
  const nodes = Array.from({ length: record.nodeCount }, (_, index) => nodeLayoutOf(layout, index + 1));
  const { binaries, signal } = context;
  const start = async (program: ControlPlaneProgram) => {
    const known = readProcess(layout, program);
    if (known === undefined) throw new Error(`cluster ${name} never ran ${program}`);
    const keepUp = () => startProcess(layout, known.spec);
    await keepUp();
    if (program === 'apiserver') await waitForApiServer(layout, signal, keepUp);
  };
  const stop = (program: ControlPlaneProgram, how: NodeJS.Signals = 'SIGKILL') => stopProcess(layout, program, how);
  return {
    provider: 'embedded',
    name,
    layout,
    record,
    kubeconfigPath: layout.kubeconfig,
    apiServerUrl: `https://${addresses.controlPlane}:${apiServerPort}`,
    nodes: nodes.map(node => ({ name: node.name, netns: node.netns, address: addresses.node(node.index) })),
    kubectl: (args, options) => runKubectl(binaries.kube, layout.kubeconfig, args, options),
    helm: args => runCommand([binaries.helm, '--kubeconfig', layout.kubeconfig, ...args]),
    clientFor: (user, groups = []) => createClientKubeconfig(layout, binaries.kube, user, groups),
    importImages: async archives => {
      if (context.cri === undefined && archives.length > 0)
        throw new ClusterError(
          `Cluster '${name}' has no nodes to import ${archives.map(path => basename(path)).join(', ')} into.`,
        );
      for (const node of nodes)
        for (const archive of archives) await importIntoNode(`${context.cri}/ctr`, node, archive);
    },
    stop,
    start,
    restartApiServer: async () => {
      await stop('apiserver', 'SIGTERM');
      await start('apiserver');
      // Elsewhere it loses its lease and begins anew; one that goes on can end itself over a pod it missed the end of.
      if (readProcess(layout, 'scheduler') !== undefined) {
        await stop('scheduler');
        await start('scheduler');
      }
    },
    down: () => withFileLock(layout.lock, signal, () => tearDown(layout)),
  };
}

async function runKubectl(
  kube: string,
  kubeconfig: string,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<string> {
  const { stdin, kubeconfigPath = kubeconfig } = options;
  return runCommand([kube, 'kubectl', '--kubeconfig', kubeconfigPath, ...args], stdin === undefined ? {} : { stdin });
}
