import type { V1AppArmorProfile, V1Container, V1EnvVar, V1SeccompProfile } from '@kubernetes/client-node';
import type { Sandbox } from '../../../../crds/schema/sandbox.ts';
import {
  agentGid,
  agentUid,
  containerNames,
  paths,
  writableFolders,
  writableVariable,
} from '../../../../protocol/constants.ts';
import { agentMounts } from './build-volumes.ts';
import { trustEnvironment } from './trust-environment.ts';

const defaultResources = { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '2Gi' } };

/** The user's image under the launcher: it waits for the fence, locks itself in and only then runs the command. */
export function agentContainer(sandbox: Sandbox): V1Container {
  const { spec } = sandbox;
  const { uid, gid } = agentIds(sandbox);
  return {
    name: containerNames.agent,
    image: spec.image,
    imagePullPolicy: 'IfNotPresent',
    command: launcherCommand(sandbox),
    workingDir: '/',
    env: environment(sandbox),
    resources: resources(sandbox),
    securityContext: {
      runAsUser: uid,
      runAsGroup: gid,
      runAsNonRoot: true,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: seccompProfile(sandbox),
      ...appArmor(sandbox),
    },
    volumeMounts: agentMounts(sandbox),
    ...restartPolicy(sandbox),
  };
}

/** Who the agent is, in numbers. */
export function agentIds({ spec }: Sandbox): { readonly uid: number; readonly gid: number } {
  return { uid: spec.user?.uid ?? agentUid, gid: spec.user?.gid ?? agentGid };
}

function launcherCommand({ spec }: Sandbox): string[] {
  const command = [...(spec.command ?? []), ...(spec.args ?? [])];
  const options = ['--landlock', spec.filesystem?.landlock ?? 'BestEffort', '--workdir', spec.workingDir ?? '/sandbox'];
  return [paths.launcher, 'run', ...(command.length > 0 ? [] : ['--hold']), ...options, '--', ...command];
}

/**
 * Ours come last and win, over the image's too: an agent's own SSL_CERT_FILE would only break its TLS, and the Sandbox alone says
 * what may be written.
 */
function environment(sandbox: Sandbox): V1EnvVar[] {
  const { spec } = sandbox;
  const ours = {
    ...trustEnvironment,
    ...deviceEnvironment(sandbox),
    [writableVariable]: (spec.filesystem?.readWrite ?? writableFolders).join(':'),
  };
  const own = (spec.env ?? []).filter(({ name }) => !Object.hasOwn(ours, name));
  const home = own.some(({ name }) => name === 'HOME') ? [] : [{ name: 'HOME', value: '/sandbox' }];
  return [...own, ...home, ...Object.entries(ours).map(([name, value]) => ({ name, value }))];
}

/**
 * NVIDIA's container runtime reads the image's environment: devices for the asking where no GPU was approved, a library in its
 * own hook where one was (CVE-2025-23266). What the device plugin sets wins over the image, not over these.
 */
function deviceEnvironment({ spec }: Sandbox): Readonly<Record<string, string>> {
  return spec.gpu === undefined ? { NVIDIA_VISIBLE_DEVICES: 'void' } : { LD_PRELOAD: '' };
}

function resources({ spec }: Sandbox): NonNullable<V1Container['resources']> {
  const { requests, limits } = spec.resources ?? defaultResources;
  const gpu = spec.gpu === undefined ? {} : { [spec.gpu.resource ?? 'nvidia.com/gpu']: spec.gpu.count ?? 1 };
  return { requests: amounts({ ...requests, ...gpu }), limits: amounts({ ...limits, ...gpu }) };
}

function amounts(list: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(list).map(([name, amount]) => [name, String(amount)]));
}

/** The kubelet itself keeps the rule for one container (KEP-5307); the pod's own policy stays Always for the sidecar. */
function restartPolicy({ spec }: Sandbox): { restartPolicy?: string } {
  const restart = spec.lifecycle?.restart ?? 'Always';
  return restart === 'Always' ? {} : { restartPolicy: restart };
}

function seccompProfile({ spec }: Sandbox): V1SeccompProfile {
  return spec.process?.seccomp === 'Localhost'
    ? { type: 'Localhost', localhostProfile: 'creel/agent.json' }
    : { type: 'RuntimeDefault' };
}

function appArmor({ spec }: Sandbox): { appArmorProfile?: V1AppArmorProfile } {
  const wanted = spec.process?.appArmor;
  switch (wanted) {
    case 'RuntimeDefault':
      return { appArmorProfile: { type: 'RuntimeDefault' } };
    case 'Localhost':
      return { appArmorProfile: { type: 'Localhost', localhostProfile: 'creel-agent' } };
    case 'Auto':
    case undefined:
      return {};
    default:
      return wanted satisfies never;
  }
}
