import type { V1Container } from '@kubernetes/client-node';
import { containerNames, sidecarEnvironment, sidecarNodeFlags } from '../../../../protocol/constants.ts';
import { sidecarMounts } from './build-volumes.ts';

/**
 * One processor is what its data path can use. Without a limit an agent that has one could flood its way to more through the
 * sidecar, and a namespace whose quota is on `limits.cpu` would refuse the pod.
 */
const resources = { requests: { cpu: '10m', memory: '48Mi' }, limits: { cpu: '1', memory: '256Mi' } };

const launcher = '/usr/local/bin/launcher';

/**
 * The first regular container: guard, then node. Its postStart waits for fence and snapshot, so that the kubelet starts
 * the agent in the same pass; an init container or native sidecar would cost a second.
 */
export function sidecarContainer(image: string, agent: { readonly uid: number; readonly gid: number }): V1Container {
  const ids = ['--agent-uid', String(agent.uid), '--agent-gid', String(agent.gid)];
  return {
    name: containerNames.sidecar,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: [launcher, 'guard', ...ids, '--', '/usr/local/bin/node', ...sidecarNodeFlags, '/opt/creel/sidecar.mjs'],
    env: Object.entries(sidecarEnvironment).map(([name, value]) => ({ name, value })),
    lifecycle: { postStart: { exec: { command: [launcher, 'wait-ready'] } } },
    livenessProbe: {
      exec: { command: [launcher, 'verify'] },
      initialDelaySeconds: 15,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
    resources,
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'SETUID', 'SETGID', 'SETPCAP'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [...sidecarMounts],
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}
