import { createHash } from 'node:crypto';
import type { V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { annotations } from '../../../../crds/schema/group.ts';
import type { Sandbox } from '../../../../crds/schema/sandbox.ts';
import { childName } from '../child-name.ts';
import { ownedBy } from '../owned-by.ts';
import { agentContainer, agentIds } from './agent-container.ts';
import { buildVolumes } from './build-volumes.ts';
import type { PodSettings } from './pod-settings.ts';
import { sidecarContainer } from './sidecar-container.ts';

/** Service meshes would put a proxy of theirs before ours, and ports of theirs into our fence. */
const meshOptOuts = {
  labels: { 'sidecar.istio.io/inject': 'false', 'istio.io/dataplane-mode': 'none' },
  annotations: {
    'linkerd.io/inject': 'disabled',
    'kuma.io/sidecar-injection': 'disabled',
    'consul.hashicorp.com/connect-inject': 'false',
  },
} as const;

/** The pod of a sandbox: sidecar first, then the agent, and nothing a user could add to. */
export function buildPod(sandbox: Sandbox, settings: PodSettings): V1Pod {
  const spec = podSpec(sandbox, settings.sidecarImage);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...ownedBy(sandbox),
      labels: { ...ownedBy(sandbox).labels, ...meshOptOuts.labels },
      annotations: {
        ...meshOptOuts.annotations,
        [annotations.hubCa]: settings.hubTrust,
        [annotations.hubAddress]: settings.hubAddress,
        [annotations.extraCa]: settings.extraTrust ?? '',
        [annotations.sandbox]: `${sandbox.metadata.namespace}/${sandbox.metadata.name}`,
        [annotations.podHash]: hashPodSpec(spec),
      },
    },
    spec,
  };
}

/** Names what a running pod was made from; a different one means a restart would change something. */
function hashPodSpec(spec: V1PodSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 32);
}

function podSpec(sandbox: Sandbox, sidecarImage: string): V1PodSpec {
  const { spec, metadata } = sandbox;
  const ids = agentIds(sandbox);
  return {
    restartPolicy: 'Always',
    serviceAccountName: childName(metadata.name),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    shareProcessNamespace: (spec.egress?.identity ?? 'Process') === 'Process',
    dnsPolicy: 'None',
    dnsConfig: { nameservers: ['127.0.0.1'], options: [{ name: 'ndots', value: '1' }] },
    terminationGracePeriodSeconds: 10,
    securityContext: {
      fsGroup: ids.gid,
      fsGroupChangePolicy: 'OnRootMismatch',
      supplementalGroupsPolicy: 'Strict',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(spec.process?.userNamespace === 'Required' ? { hostUsers: false } : {}),
    containers: [sidecarContainer(sidecarImage, ids), agentContainer(sandbox)],
    volumes: buildVolumes(sandbox),
    ...placement(sandbox),
  };
}

function placement({ spec }: Sandbox): Partial<V1PodSpec> {
  const { nodeSelector, tolerations, runtimeClassName, priorityClassName } = spec.placement ?? {};
  return {
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(spec.imagePullSecrets === undefined ? {} : { imagePullSecrets: spec.imagePullSecrets }),
  };
}
