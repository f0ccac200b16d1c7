// What keeps a sandbox from having a pod, most basic first. A running one is never stopped by these: policy does that.
import { annotations, labels } from '../../../crds/schema/group.ts';
import type { Problem } from './problem.ts';
import type { SandboxWorld } from './world.ts';

const podSecurity = 'pod-security.kubernetes.io/enforce';

export function findProblem(world: SandboxWorld): Problem | undefined {
  return (
    findNamespaceProblem(world) ?? findTopologyProblem(world) ?? findSettingsProblem(world) ?? findRouteProblem(world)
  );
}

function findNamespaceProblem({ sandbox, namespace }: SandboxWorld): Problem | undefined {
  const { namespace: name } = sandbox.metadata;
  const present = namespace?.metadata.labels ?? {};
  const missing = [
    ...(present[labels.sandboxes] === 'true' ? [] : [`${labels.sandboxes}=true`]),
    // The sidecar's guard needs NET_ADMIN; Creel's own admission policies hold every other pod to *restricted*.
    ...([undefined, 'privileged'].includes(present[podSecurity]) ? [] : [`${podSecurity}=privileged`]),
  ];
  if (missing.length === 0) return undefined;
  return {
    reason: 'NamespaceNotPrepared',
    message: `namespace ${name} lacks label ${missing.join(' and ')}; run: kubectl label namespace ${name} --overwrite ${labels.sandboxes}=true ${podSecurity}=privileged`,
  };
}

function findTopologyProblem({ sandbox }: SandboxWorld): Problem | undefined {
  if (sandbox.spec.egress?.topology !== 'Paired') return undefined;
  return {
    reason: 'TopologyNotSupported',
    message: 'spec.egress.topology: Paired is not in this version; remove the field or set Sidecar',
  };
}

function findSettingsProblem({ settings }: SandboxWorld): Problem | undefined {
  return 'missing' in settings ? { reason: 'SettingsIncomplete', message: settings.missing } : undefined;
}

/** Only where the Sandbox names a profile: a default that comes and goes must not stop agents that need no model. */
function findRouteProblem({ sandbox, current }: SandboxWorld): Problem | undefined {
  const profile = sandbox.spec.inference?.profile;
  if (profile === undefined || current === undefined) return undefined;
  const { route } = current.snapshot;
  if (!('reason' in route) || route.reason === 'SecretPending') return undefined;
  return {
    reason: 'InferenceNotReady',
    message: route.message.startsWith('spec.') ? route.message : `spec.inference.profile: ${route.message}`,
  };
}

/** For PodSecurity's own refusal, where the cluster's default and not a label is what forbids. */
export function explainRefusal(namespace: string, what: string, message: string): Problem {
  const isPodSecurity = message.includes('violates PodSecurity');
  const remedy = isPodSecurity
    ? `; run: kubectl label namespace ${namespace} --overwrite ${podSecurity}=privileged`
    : '';
  return {
    reason: what === 'Pod' ? 'PodRefused' : 'ChildRefused',
    message: `the API server refused the ${what}: ${message}${remedy}`,
  };
}

export function nameTaken(namespace: string, kind: string, name: string): Problem {
  const remedy =
    kind === 'PersistentVolumeClaim'
      ? `kubectl -n ${namespace} annotate pvc ${name} ${annotations.workspaceOf}=UID to hand it to the Sandbox of that uid, or delete it`
      : `kubectl -n ${namespace} delete ${kind.toLowerCase()} ${name}, or give the Sandbox another name`;
  return {
    reason: 'NameTaken',
    message: `${kind} ${name} exists and is not this Sandbox's; it is left alone. ${remedy}`,
  };
}
