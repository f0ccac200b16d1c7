import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { KubeObject } from '../../../kube/types.ts';
import type { Namespace, Pod } from '../../core-types.ts';
import type { SessionState } from '../../hub/session-state.ts';
import type { CurrentSnapshot } from '../../snapshots/types.ts';
import type { PodSettings } from './pod/pod-settings.ts';
import type { WallFacts } from './wall/plan-wall.ts';

/** Everything that decides about one sandbox, gathered once. Nothing after this asks anyone. */
export interface SandboxWorld {
  readonly sandbox: Sandbox;
  readonly nowMs: number;
  /** Since when this operator has led: sidecars need a moment to find it. */
  readonly leadingSinceMs: number;
  readonly namespace: Namespace | undefined;
  readonly pod: Pod | undefined;
  readonly workspace: KubeObject | undefined;
  readonly networkPolicy: KubeObject | undefined;
  readonly serviceAccount: KubeObject | undefined;
  /** Names of NetworkPolicies that are not ours, select the pod, and so add to what it may reach. */
  readonly widening: readonly string[];
  readonly current: CurrentSnapshot | undefined;
  readonly session: SessionState | undefined;
  /** Of this Sandbox's uid. */
  readonly requests: readonly ApprovalRequest[];
  /** True for the pod that the operator made: by status, or by its own memory of the last moments. */
  readonly isRecorded: (podUid: string) => boolean;
  readonly settings: PodSettings | { readonly missing: string };
  readonly wall: WallFacts;
}
