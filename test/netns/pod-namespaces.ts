// The namespaces of a pod, kept by a process that waits for our end of a pipe: however this run ends, they end with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface PodNamespaces {
  readonly holder: ChildProcess;
  readonly pid: number;
  readonly netnsPath: string;
}

/** As containerd sets them in a pod, and no waiting for duplicate addresses. */
const holderScript = `
set -e
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
echo 0 > /proc/sys/net/ipv6/conf/default/router_solicitations
echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
mount --bind "$1" /etc/resolv.conf
mount --bind "$2" "$3"
echo ready
cat > /dev/null
exit 0
`;

const newNamespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];

export interface HolderFiles {
  readonly resolvConf: string;
  /** The runtime, put where every user of the pod can reach it. */
  readonly node: string;
  readonly nodeMount: string;
}

export async function createPodNamespaces(files: HolderFiles): Promise<PodNamespaces> {
  const { resolvConf, node, nodeMount } = files;
  const holder = spawn('unshare', [...newNamespaces, 'sh', '-c', holderScript, 'holder', resolvConf, node, nodeMount], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stderr = '';
  holder.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ready = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    once(holder, 'close').then(() => false),
  ]);
  const { pid } = holder;
  if (!ready || pid === undefined) throw new Error(`the pod's namespaces could not be made: ${stderr}`);
  return { holder, pid, netnsPath: `/proc/${pid}/ns/net` };
}

/** For nsenter: unshare itself is in the new network and mounts, and its children in the new process namespace. */
export function namespaceFlags({ pid }: PodNamespaces): readonly string[] {
  const ns = `/proc/${pid}/ns`;
  return [`--net=${ns}/net`, `--mount=${ns}/mnt`, `--pid=${ns}/pid_for_children`];
}

/** Ends every process of the pod and waits until they are gone. */
export async function endPodNamespaces({ holder }: PodNamespaces): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const ended = once(holder, 'close');
  holder.stdin?.end();
  await ended;
}
