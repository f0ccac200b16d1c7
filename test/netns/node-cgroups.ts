// The processor as a kubelet divides it: control groups for pods and their containers, below one that weighs what a node gives to all
// pods. Kept by a process that waits for our end of a pipe: however this run ends, they go with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type CpuResources, cpuSettings, milliCpu } from './cpu-settings.ts';

/** Folders of a pod's containers, whose `cgroup.procs` a process enters. */
export interface PodCgroups {
  readonly sidecar: string;
  readonly agent: string;
}

export interface NodeCgroups {
  readonly pods: readonly PodCgroups[];
  readonly close: () => Promise<void>;
}

/** What is in them has been killed by then; the kernel lets go of it a moment later. */
const keeperScript = `
set -e
for folder in "$@"; do mkdir "$folder"; done
echo ready
cat > /dev/null
for n in $(seq 200); do
  find "$1" -depth -type d -exec rmdir {} + 2> /dev/null || sleep 0.05
  [ -e "$1" ] || exit 0
done
exit 1
`;

/** For so many pods with these containers. Throws, naming the remedy, where this machine has no control group of the processor. */
export async function createNodeCgroups(
  name: string,
  podCount: number,
  containers: Readonly<Record<keyof PodCgroups, CpuResources>>,
): Promise<NodeCgroups> {
  const { root, version } = findHierarchy();
  const node = join(root, name);
  const pods = Array.from({ length: podCount }, (_, index) => join(node, `pod${index}`));
  const leaves = pods.map(pod => ({ sidecar: join(pod, 'sidecar'), agent: join(pod, 'agent') }));
  const keeper = spawn(
    'sh',
    ['-c', keeperScript, 'keeper', node, ...pods, ...leaves.flatMap(({ sidecar, agent }) => [sidecar, agent])],
    // Away from the terminal's process group: an interrupt must not end it before its work.
    { detached: true, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let stderr = '';
  keeper.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(keeper, 'close');
  const close = async () => {
    keeper.stdin.end();
    await ended;
    if (existsSync(node)) throw new Error(`${node} is still in use: find who is in its cgroup.procs`);
  };
  const ready = await Promise.race([once(keeper.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!ready) throw new Error(`the control groups could not be made: ${stderr}`);
  const set = (folder: string, resources: CpuResources) => {
    for (const [file, value] of cpuSettings(resources, version)) writeFileSync(join(folder, file), value);
  };
  try {
    if (version === 2)
      for (const folder of [node, ...pods]) writeFileSync(join(folder, 'cgroup.subtree_control'), '+cpu');
    set(node, { requests: { cpu: String(availableParallelism()) } });
    const milli = milliCpu(containers.sidecar.requests?.['cpu']) + milliCpu(containers.agent.requests?.['cpu']);
    for (const pod of pods) set(pod, { requests: { cpu: `${milli}m` } });
    for (const leaf of leaves) {
      set(leaf.sidecar, containers.sidecar);
      set(leaf.agent, containers.agent);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { pods: leaves, close };
}

function findHierarchy(): { readonly root: string; readonly version: 1 | 2 } {
  const root = '/sys/fs/cgroup';
  if (existsSync(join(root, 'cgroup.controllers'))) {
    writeFileSync(join(root, 'cgroup.subtree_control'), '+cpu');
    return { root, version: 2 };
  }
  const first = join(root, 'cpu');
  if (existsSync(join(first, 'cpu.shares'))) return { root: first, version: 1 };
  throw new Error(`${root} has no control group of the processor: mount -t cgroup2 none ${root}`);
}
