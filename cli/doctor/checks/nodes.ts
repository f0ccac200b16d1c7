// What the nodes can do: each layer of isolation needs something of the kernel or the container runtime.
import { conditionOf } from '../../objects/condition-of.ts';
import type { Facts, Node } from '../facts.ts';
import type { Finding } from '../finding.ts';

/** Kernel from which each is there: mainline's own. Distributions may have it earlier; a sandbox says what it got. */
const kernels = { nftables: [4, 18], landlock: [5, 13], idMappedMounts: [6, 3] } as const;
const architectures = new Set(['amd64', 'arm64']);

export function checkNodes({ nodes, sandboxes }: Facts): Finding[] {
  const check = 'Nodes';
  if (!nodes.ok) return [{ check, status: 'warn', message: nodes.why }];
  const linux = nodes.value.filter(({ status }) => status.nodeInfo.operatingSystem === 'linux');
  if (linux.length === 0) return [{ check, status: 'fail', message: 'there is no Linux node: sandboxes cannot run' }];
  const usable = linux.filter(({ status }) => architectures.has(status.nodeInfo.architecture));
  const versions = [...new Set(linux.map(({ status }) => status.nodeInfo.kernelVersion))];
  return [
    usable.length === linux.length
      ? { check, status: 'ok', message: `${linux.length}, kernel ${versions.join(', ')}` }
      : {
          check,
          status: 'warn',
          message: `no images for ${names(linux.filter(node => !usable.includes(node)))}; give sandboxes placement.nodeSelector: {kubernetes.io/arch: amd64}`,
        },
    kernelFinding(linux, 'nf_tables', kernels.nftables, 'fail', 'the packet fence cannot be built'),
    kernelFinding(
      linux,
      'Landlock',
      kernels.landlock,
      'warn',
      'files are then held by mounts and users alone; filesystem.landlock: Required keeps sandboxes away',
    ),
    userNamespaces(linux),
    appArmor(linux),
    seccomp(linux),
    ...isolation(sandboxes),
  ];
}

function kernelFinding(
  nodes: readonly Node[],
  check: string,
  from: readonly [number, number],
  status: 'warn' | 'fail',
  without: string,
): Finding {
  const older = nodes.filter(({ status: { nodeInfo } }) => !isAtLeast(nodeInfo.kernelVersion, from));
  return older.length === 0
    ? { check, status: 'ok', message: `every kernel is ${from.join('.')} or newer` }
    : { check, status, message: `${names(older)}: kernel older than ${from.join('.')}; ${without}` };
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor = '0', ownMinor = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(ownMajor) > major || (Number(ownMajor) === major && Number(ownMinor) >= minor);
}

/** The kubelet reports what the runtime's handlers can do. */
function userNamespaces(nodes: readonly Node[]): Finding {
  const check = 'User namespaces';
  const without = nodes.filter(
    ({ status }) =>
      !isAtLeast(status.nodeInfo.kernelVersion, kernels.idMappedMounts) ||
      !(status.runtimeHandlers ?? []).some(({ features }) => features?.userNamespaces === true),
  );
  return without.length === 0
    ? { check, status: 'ok', message: 'every node: process.userNamespace: Required can be had' }
    : {
        check,
        status: 'warn',
        message: `not on ${names(without)}: needs kernel ${kernels.idMappedMounts.join('.')} and containerd 2 or CRI-O 1.25; sandboxes that require it stay Pending there`,
      };
}

/** The kubelet says so in its Ready message, where it says it at all. */
function appArmor(nodes: readonly Node[]): Finding {
  const check = 'AppArmor';
  const withIt = nodes.filter(({ status }) =>
    status.conditions?.some(({ type, message }) => type === 'Ready' && message.includes('AppArmor enabled')),
  );
  return withIt.length === nodes.length
    ? { check, status: 'ok', message: 'every node: process.appArmor: RuntimeDefault can be had' }
    : {
        check,
        status: 'warn',
        message: `not reported by ${names(nodes.filter(node => !withIt.includes(node)))}; process.appArmor: Auto (default) runs without it`,
      };
}

/** RuntimeDefault is every supported runtime's; the kubelet offers no word on it, its version does. */
function seccomp(nodes: readonly Node[]): Finding {
  const check = 'Seccomp';
  const unknown = nodes.filter(({ status }) => !/^(containerd|cri-o):/.test(status.nodeInfo.containerRuntimeVersion));
  const runtimes = [...new Set(nodes.map(({ status }) => status.nodeInfo.containerRuntimeVersion))].join(', ');
  return unknown.length === 0
    ? { check, status: 'ok', message: `RuntimeDefault by ${runtimes}` }
    : { check, status: 'warn', message: `${runtimes}: only containerd and CRI-O were tried` };
}

function isolation(sandboxes: Facts['sandboxes']): Finding[] {
  if (!sandboxes.ok) return [];
  const broken = sandboxes.value.filter(sandbox => conditionOf(sandbox, 'FenceVerified')?.status === 'False');
  if (broken.length === 0) return [];
  return [
    {
      check: 'Fence',
      status: 'fail',
      message: `broken in ${broken.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ')}`,
      try: broken
        .slice(0, 3)
        .map(({ metadata }) => `kubectl creel -n ${metadata.namespace} logs ${metadata.name} --audit`),
    },
  ];
}

const maxNames = 4;

function names(nodes: readonly Node[]): string {
  const all = nodes.map(({ metadata }) => metadata.name);
  return all.length <= maxNames
    ? all.join(', ')
    : `${all.slice(0, maxNames).join(', ')} and ${all.length - maxNames} more`;
}
