// `up`: brings an embedded cluster to what was asked for, from whatever state an earlier run left it in.
import { mkdirSync } from 'node:fs';
import { stateRoot } from '../base/folders.ts';
import { isRunning, type ProcessIdentity } from '../base/process-identity.ts';
import type { Progress } from '../base/progress.ts';
import { requireDiskSpace } from '../base/require-disk-space.ts';
import { withFileLock } from '../base/with-file-lock.ts';
import { ensureNodeImages } from '../build/base-images.ts';
import { ensureCriBinaries } from '../build/cri-binaries.ts';
import { ensureDebianPackages } from '../build/debian-packages.ts';
import { ensureKubeBinaries, type KubeBinaries } from '../build/kube-binaries.ts';
import { allocateSubnet } from './allocate-subnet.ts';
import { type ClusterRecord, readClusterRecord, writeClusterRecord } from './cluster-record.ts';
import { waitForApiServer } from './control-plane.ts';
import { type EmbeddedCluster, openEmbeddedCluster } from './embedded-cluster.ts';
import { type ClusterLayout, layoutOf } from './layout.ts';
import type { MachineNetwork } from './machine-network.ts';
import { listProcesses, startProcess } from './managed-process.ts';
import { netnsExists } from './network.ts';
import { createGateway, openRealNetwork } from './real-network.ts';
import { reconnectOutside } from './reconnect-outside.ts';
import { requireHost } from './require-host.ts';
import { startControlPlane } from './start-control-plane.ts';
import { startNodes } from './start-nodes.ts';
import { tearDown } from './tear-down.ts';

export interface OutsideAttachment {
  readonly netns: string;
  /** Whom nodes ask for names outside the cluster. */
  readonly nameServers?: readonly string[];
}

export interface EmbeddedOptions {
  readonly name: string;
  /** 0: a control plane only. */
  readonly nodes: number;
  readonly fsync?: boolean;
  /**
   * Where the nodes' default route ends: an existing network namespace, which gets an eth0 on the cluster's bridge and routes
   * to the pods, and the name server in it. Without one the nodes reach each other and the host's end of the bridge only.
   */
  readonly outside?: OutsideAttachment;
  /** Instead of an outside: the machine's own default route. Never without a person asking for it. */
  readonly realNetwork?: MachineNetwork;
  /** The process whose end makes the cluster an orphan; without it the cluster stays until `down`. */
  readonly owner?: ProcessIdentity;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export async function startEmbeddedCluster(options: EmbeddedOptions): Promise<EmbeddedCluster> {
  requireHost();
  const tools = await ensureTools(options);
  const layout = layoutOf(options.name);
  await withFileLock(layout.lock, options.signal, async () => {
    if (isReusable(layout)) await resume(layout, tools, options);
    else await startFresh(layout, tools, options);
  });
  return openEmbeddedCluster(options.name, { ...tools, signal: options.signal });
}

interface Tools {
  readonly binaries: KubeBinaries;
  readonly cri?: string;
  readonly images: readonly string[];
}

async function ensureTools({ nodes, ...context }: EmbeddedOptions): Promise<Tools> {
  const binaries = await ensureKubeBinaries(context);
  if (nodes === 0) return { binaries, images: [] };
  await ensureDebianPackages(nodePackages, context);
  return { binaries, cri: await ensureCriBinaries(context), images: await ensureNodeImages(context) };
}

/** What kube-proxy, the NetworkPolicy controller and the kubelet call, and the library that runc is linked with. */
const nodePackages = ['conntrack', 'ipset', 'iptables', 'kmod', 'libseccomp2', 'nftables'];

/** Whether the cluster was complete once and its namespaces are still there (they are not after a reboot). */
function isReusable(layout: ClusterLayout): boolean {
  if (readClusterRecord(layout.name)?.phase !== 'ready' || !netnsExists(layout.controlPlaneNetns)) return false;
  // A node's mounts cannot be made anew under its running programs.
  return listProcesses(layout).every(({ spec, identity }) => !spec.name.endsWith('-mounts') || isRunning(identity));
}

/** Starts again what ended meanwhile, and adds the nodes that are missing. */
async function resume(layout: ClusterLayout, tools: Tools, options: EmbeddedOptions): Promise<void> {
  for (const { spec } of listProcesses(layout)) await startProcess(layout, spec);
  await waitForApiServer(layout, options.signal);
  const record = readClusterRecord(layout.name);
  if (record?.uplink !== undefined) await createGateway(layout);
  if (record?.outside !== undefined) await reconnectOutside(layout, record, record.outside.netns);
  if (record?.uplink !== undefined && options.realNetwork !== undefined)
    await openRealNetwork(layout, record.subnet, options.realNetwork.uplink);
  if (record === undefined || record.nodeCount >= options.nodes) return;
  await addNodes(layout, { ...record, nodeCount: options.nodes }, tools, record.nodeCount, options.signal);
}

async function startFresh(layout: ClusterLayout, tools: Tools, options: EmbeddedOptions): Promise<void> {
  await tearDown(layout);
  await requireDiskSpace(stateRoot(), 2_000, 'A cluster');
  // Nobody else lists it; a pod in a user namespace of its own passes through to its root. Keys have their own modes.
  mkdirSync(layout.folder, { recursive: true, mode: 0o711 });
  const record = await allocateSubnet(options.signal, subnet => newRecord(layout, options, subnet));
  await startControlPlane(layout, record, tools.binaries.kube, options.signal);
  await addNodes(layout, record, tools, 0, options.signal);
}

async function addNodes(
  layout: ClusterLayout,
  record: ClusterRecord,
  { binaries, cri, images }: Tools,
  existing: number,
  signal: AbortSignal,
): Promise<void> {
  writeClusterRecord({ ...record, phase: 'starting' });
  if (record.nodeCount > 0 && cri !== undefined)
    await startNodes({ layout, record, kube: binaries.kube, cri, images }, existing, signal);
  writeClusterRecord({ ...record, phase: 'ready' });
}

function newRecord(layout: ClusterLayout, options: EmbeddedOptions, subnet: number): ClusterRecord {
  const { name, nodes, fsync = false, owner, outside, realNetwork } = options;
  return {
    name,
    phase: 'starting',
    subnet,
    nodeCount: nodes,
    fsync,
    ...(owner === undefined ? {} : { owner }),
    ...(outside === undefined
      ? {}
      : { outside: { netns: outside.netns, nameServers: [...(outside.nameServers ?? [])] } }),
    ...(realNetwork === undefined ? {} : throughMachine(layout, realNetwork)),
  };
}

function throughMachine(
  { gatewayNetns }: ClusterLayout,
  { uplink, nameServers }: MachineNetwork,
): Partial<ClusterRecord> {
  return { outside: { netns: gatewayNetns, nameServers: [...nameServers] }, uplink };
}
