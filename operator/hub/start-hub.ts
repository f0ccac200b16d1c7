// The hub as the leader runs it: keys, listener, sessions, denials.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { ServerKeys } from '../../kube/tls/renew-server-keys.ts';
import type { Clock, KubeClient, Store } from '../../kube/types.ts';
import type { OperatorEvents } from '../event-reasons.ts';
import type { SnapshotRegistry } from '../snapshots/types.ts';
import { authenticate, type RecordedPod } from './authenticate.ts';
import { DenialDesk } from './denials/denial-desk.ts';
import { tellDecisions } from './denials/tell-decisions.ts';
import { Hub } from './hub.ts';
import { createReviewBudget } from './review-budget.ts';
import { reviewTokenWith } from './review-token.ts';
import { startHubServer } from './start-hub-server.ts';

export interface StartHubOptions {
  readonly client: KubeClient;
  readonly requests: Store<ApprovalRequest>;
  readonly registry: SnapshotRegistry;
  readonly events: OperatorEvents;
  readonly clock: Clock;
  readonly recordedPod: (podUid: string) => RecordedPod | undefined;
  readonly keys: ServerKeys;
  readonly listen: { readonly host: string; readonly port: number; readonly forbiddenPort: number };
  readonly onRefused: (reason: string, address: string) => void;
  readonly onFailure: (message: string) => void;
}

export interface RunningHub {
  readonly hub: Hub;
  readonly desk: DenialDesk;
  readonly port: number;
  readonly forbiddenPort: number;
  setKeys(keys: ServerKeys): void;
}

export async function startHub(options: StartHubOptions, signal: AbortSignal): Promise<RunningHub> {
  const { client, clock, registry, recordedPod } = options;
  const isUsedUp = ({ metadata, spec }: ApprovalRequest) =>
    (hub.state(spec.sandbox.uid)?.uses?.get(metadata.name) ?? 0) >= (spec.decision?.maxUses ?? Infinity);
  const desk = new DenialDesk({ ...options, isUsedUp, signal });
  const hub = new Hub({ registry, denial: desk.take, nowMs: () => clock.nowMs() }, signal);
  tellDecisions(hub, options.requests, () => clock.nowMs(), signal);
  const mayReview = createReviewBudget(() => clock.nowMs());
  const dependencies = { reviewToken: reviewTokenWith(client), recordedPod, mayReview };
  const server = await startHubServer(
    {
      ...options.listen,
      keys: options.keys,
      authenticate: (token, address) => authenticate(token, address, dependencies),
      openSession: (peer, transport, canaries) => hub.open(peer, transport, canaries),
      sessionEnded: session => hub.ended(session),
      refused: options.onRefused,
    },
    signal,
  );
  return { hub, desk, port: server.port, forbiddenPort: server.forbiddenPort, setKeys: keys => server.setKeys(keys) };
}
