// `up`: brings an embedded cluster to what was asked for, from whatever state an earlier run left it in.
import { mkdirSync } from 'node:fs';
import { stateRoot } from '../base/folders.ts';
import { type ProcessIdentity } from '../base/process-identity.ts';
import type { Progress } from '../base/progress.ts';
import { requireDiskSpace } from '../base/require-disk-space.ts';
import { withFileLock } from '../base/with-file-lock.ts';
import { ensureKubeBinaries, type KubeBinaries } from '../build/kube-binaries.ts';
import { addressesOf } from './addresses.ts';
import { allocateSubnet } from './allocate-subnet.ts';
import { createCertificates } from './certificates.ts';
import { type ClusterRecord, readClusterRecord, writeClusterRecord } from './cluster-record.ts';
import {
  apiServerSpec,
  bindAdministrators,
  controllerManagerSpec,
  etcdSpec,
  waitForApiServer,
} from './control-plane.ts';
import { type EmbeddedCluster, openEmbeddedCluster } from './embedded-cluster.ts';
import { type ClusterLayout, layoutOf } from './layout.ts';
import { listProcesses, startProcess } from './managed-process.ts';
import { createControlPlaneNetwork, netnsExists } from './network.ts';
import { requireHost } from './require-host.ts';
import { tearDown } from './tear-down.ts';

export interface EmbeddedOptions {
  readonly name: string;
  /** 0: a control plane only. */
  readonly nodes: number;
  readonly fsync?: boolean;
  /** The process whose end makes the cluster an orphan; without it the cluster stays until `down`. */
  readonly owner?: ProcessIdentity;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export async function startEmbeddedCluster(options: EmbeddedOptions): Promise<EmbeddedCluster> {
  requireHost();
  const context = { progress: options.progress, signal: options.signal };
  const binaries = await ensureKubeBinaries(context);
  const layout = layoutOf(options.name);
  await withFileLock(layout.lock, options.signal, async () => {
    if (isReusable(layout)) await resume(layout, options);
    else await startFresh(layout, binaries, options);
  });
  return openEmbeddedCluster(options.name, { binaries, signal: options.signal });
}

/** Whether the cluster was complete once and its namespaces are still there (they are not after a reboot). */
function isReusable(layout: ClusterLayout): boolean {
  return readClusterRecord(layout.name)?.phase === 'ready' && netnsExists(layout.controlPlaneNetns);
}

/** Starts again what ended meanwhile. */
async function resume(layout: ClusterLayout, { signal }: EmbeddedOptions): Promise<void> {
  for (const { spec } of listProcesses(layout)) await startProcess(layout, spec);
  await waitForApiServer(layout, signal);
}

async function startFresh(layout: ClusterLayout, binaries: KubeBinaries, options: EmbeddedOptions): Promise<void> {
  await tearDown(layout);
  await requireDiskSpace(stateRoot(), 2_000, 'A cluster');
  mkdirSync(layout.folder, { recursive: true, mode: 0o700 });
  const record = await allocateSubnet(options.signal, subnet => newRecord(options, subnet));
  await startControlPlane(layout, binaries.kube, record, options);
  writeClusterRecord({ ...record, phase: 'ready' });
}

function newRecord(options: EmbeddedOptions, subnet: number): ClusterRecord {
  const { name, nodes, fsync = false, owner } = options;
  return { name, phase: 'starting', subnet, nodeCount: nodes, fsync, ...(owner === undefined ? {} : { owner }) };
}

async function startControlPlane(
  layout: ClusterLayout,
  kube: string,
  record: ClusterRecord,
  { signal }: EmbeddedOptions,
): Promise<void> {
  const address = addressesOf(record.subnet).controlPlane;
  await createControlPlaneNetwork(layout, record.subnet);
  await startProcess(layout, etcdSpec(layout, kube, record.fsync));
  await createCertificates(layout, kube, address);
  await startProcess(layout, apiServerSpec(layout, kube, address));
  await waitForApiServer(layout, signal);
  await bindAdministrators(layout);
  await startProcess(layout, controllerManagerSpec(layout, kube));
}
