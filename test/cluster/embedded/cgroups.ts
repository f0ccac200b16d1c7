// The control groups below which a cluster's pods live: /creel-NAME/nodeN in every hierarchy, version 1 or 2.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../base/wait-until.ts';
import type { ClusterLayout, NodeLayout } from './layout.ts';

const root = '/sys/fs/cgroup';

/** The kubelet's cgroupRoot for a node. */
export function cgroupRootOf(layout: ClusterLayout, node: NodeLayout): string {
  return `/${layout.cgroup}/${node.name}`;
}

/** The kubelet refuses a cgroupRoot that does not exist. */
export function createNodeCgroup(layout: ClusterLayout, node: NodeLayout): void {
  for (const hierarchy of hierarchies()) {
    enableControllers(hierarchy);
    const cluster = join(hierarchy, layout.cgroup);
    makeCgroup(cluster);
    enableControllers(cluster);
    makeCgroup(join(cluster, node.name));
  }
}

/** All control groups of a cluster, deepest first. */
export function cgroupFoldersOf(layout: ClusterLayout): readonly string[] {
  return hierarchies().flatMap(hierarchy => descendants(join(hierarchy, layout.cgroup)));
}

const removalMs = 10_000;

/** Removes the (empty) control groups; one whose last process has been killed stays busy until the kernel has let go of it. */
export async function removeCgroups(layout: ClusterLayout): Promise<void> {
  for (const folder of cgroupFoldersOf(layout))
    await waitUntil(() => isRemoved(folder), { what: `${folder} to be free`, timeoutMs: removalMs, intervalMs: 50 });
}

function isRemoved(folder: string): true {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    throw error;
  }
}

function hierarchies(): readonly string[] {
  if (existsSync(join(root, 'cgroup.controllers'))) return [root];
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => join(root, entry.name))
    .filter(folder => existsSync(join(folder, 'cgroup.procs')));
}

function makeCgroup(folder: string): void {
  mkdirSync(folder, { recursive: true });
  // Version 1: a cpuset is unusable until it names CPUs and memory nodes.
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const path = join(folder, file);
    if (!existsSync(path) || existsSync(join(folder, 'cgroup.controllers'))) continue;
    if (readFileSync(path, 'utf8').trim() === '')
      writeFileSync(path, readFileSync(join(folder, '..', file), 'utf8').trim());
  }
}

/** Version 2: children get only the controllers that their parent passes on. */
function enableControllers(folder: string): void {
  const available = join(folder, 'cgroup.controllers');
  if (!existsSync(available)) return;
  const controllers = readFileSync(available, 'utf8')
    .trim()
    .split(' ')
    .filter(name => name !== '');
  for (const controller of controllers) writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
}

function descendants(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const children = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory());
  return [...children.flatMap(entry => descendants(join(folder, entry.name))), folder];
}
