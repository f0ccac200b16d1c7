// What the pod that has the sandbox's name is to us.
import { annotations } from '../../../../crds/schema/group.ts';
import { containerNames } from '../../../../protocol/constants.ts';
import type { ContainerStatus, Pod } from '../../../core-types.ts';
import { isOwned } from '../ownership.ts';
import type { SandboxWorld } from '../world.ts';
import { buildPod } from './build-pod.ts';

export type PodReading =
  | { readonly state: 'Absent' }
  | { readonly state: 'Foreign'; readonly pod: Pod }
  /** Owned by name and uid, but not the one this operator made. */
  | { readonly state: 'Unknown'; readonly pod: Pod; readonly why: string }
  /** Its images are not those it was made with: nobody may change them, so it is not trusted any more. */
  | { readonly state: 'Tampered'; readonly pod: Pod; readonly why: string }
  /** Evicted, or its node is gone. */
  | { readonly state: 'Dead'; readonly pod: Pod; readonly why: string }
  | { readonly state: 'Leaving'; readonly pod: Pod }
  /** The command has ended and is not to run again; the pod may be gone already. */
  | { readonly state: 'Completed'; readonly pod?: Pod; readonly exitCode: number }
  | { readonly state: 'Live'; readonly pod: Pod; readonly outdated: boolean };

export function readPod(world: SandboxWorld): PodReading {
  const { pod, sandbox } = world;
  if (pod === undefined) return endedBefore(world) ?? { state: 'Absent' };
  if (!isOwned(pod, sandbox)) return { state: 'Foreign', pod };
  if (pod.metadata.deletionTimestamp !== undefined) return { state: 'Leaving', pod };
  if (!world.isRecorded(pod.metadata.uid ?? ''))
    return { state: 'Unknown', pod, why: `pod ${pod.metadata.name} was not made by this operator; it is replaced` };
  const exitCode = endedWith(world, pod);
  if (exitCode !== undefined) return { state: 'Completed', pod, exitCode };
  if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded')
    return {
      state: 'Dead',
      pod,
      why: `pod ended: ${pod.status.reason ?? pod.status.phase} ${pod.status.message ?? ''}`.trim(),
    };
  return compareWithPlan(world, pod);
}

/** The plan's digest tells a Sandbox that was changed from a pod that was. */
function compareWithPlan({ sandbox, settings }: SandboxWorld, pod: Pod): PodReading {
  if ('missing' in settings) return { state: 'Live', pod, outdated: false };
  const planned = buildPod(sandbox, settings);
  const outdated =
    planned.metadata?.annotations?.[annotations.podHash] !== pod.metadata.annotations?.[annotations.podHash];
  const sidecarImage = sandbox.status?.sidecar?.image;
  for (const { name, image } of pod.spec?.containers ?? []) {
    const expected = outdated ? undefined : planned.spec?.containers.find(container => container.name === name)?.image;
    const recorded = name === containerNames.sidecar ? (sidecarImage ?? expected) : expected;
    if (recorded !== undefined && image !== recorded)
      return {
        state: 'Tampered',
        pod,
        why: `image of container ${name} was changed to ${image ?? 'none'}; the pod is replaced`,
      };
  }
  return { state: 'Live', pod, outdated };
}

export function agentStatus(pod: Pod): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === containerNames.agent);
}

function endedWith({ sandbox }: SandboxWorld, pod: Pod): number | undefined {
  const restart = sandbox.spec.lifecycle?.restart ?? 'Always';
  const exitCode = agentStatus(pod)?.state?.terminated?.exitCode;
  return exitCode !== undefined && (restart === 'Never' || (restart === 'OnFailure' && exitCode === 0))
    ? exitCode
    : undefined;
}

/** A finished sandbox whose pod is gone stays finished until its spec changes. */
function endedBefore({ sandbox: { metadata, status } }: SandboxWorld): PodReading | undefined {
  const isEnded = status?.phase === 'Completed' || status?.phase === 'Failed';
  if (!isEnded || status.exitCode === undefined || status.observedGeneration !== metadata.generation) return undefined;
  return { state: 'Completed', exitCode: status.exitCode };
}
