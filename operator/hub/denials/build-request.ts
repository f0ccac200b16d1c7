import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { annotations, apiVersion, labels } from '../../../crds/schema/group.ts';
import { approvalName } from '../../../engine/compile/approval-name.ts';
import type { DenialFrame } from '../../../protocol/session.ts';
import type { SessionPeer } from '../session.ts';

/** An ApprovalRequest before the API server has it. */
export type NewRequest = Pick<ApprovalRequest, 'spec'> & {
  readonly apiVersion: string;
  readonly kind: 'ApprovalRequest';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
    readonly ownerReferences: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
      readonly controller: true;
    }[];
  };
};

/** Of all paths together. */
const maxAncestorsLength = 512;

/** Every round of one question carries this label. */
export function questionOf(peer: SessionPeer, frame: DenialFrame): string {
  return nameOf(peer, frame, 0);
}

/** `denials`: how often in a row the question was denied before. */
export function buildRequest(
  peer: SessionPeer,
  frame: DenialFrame,
  { round, denials }: { readonly round: number; readonly denials: number },
): NewRequest {
  const { host, port, binary, reason } = frame;
  return {
    apiVersion,
    kind: 'ApprovalRequest',
    metadata: {
      name: nameOf(peer, frame, round),
      namespace: peer.namespace,
      labels: { [labels.sandbox]: peer.sandbox, [labels.question]: questionOf(peer, frame) },
      annotations: {
        [annotations.round]: String(round),
        [annotations.denials]: String(denials),
        ...(peer.createdBy === undefined ? {} : { [annotations.createdBy]: peer.createdBy }),
      },
      ownerReferences: [{ apiVersion, kind: 'Sandbox', name: peer.sandbox, uid: peer.sandboxUid, controller: true }],
    },
    spec: {
      type: 'Egress',
      sandbox: { name: peer.sandbox, uid: peer.sandboxUid },
      egress: {
        host,
        port,
        ...(binary === undefined ? {} : { binary: { ...binary, ancestors: nearest(binary.ancestors) } }),
        reason,
      },
    },
  };
}

/** Its name is the digest of what it asks. */
export function isItself({ metadata, spec: { sandbox, egress } }: ApprovalRequest): boolean {
  if (egress === undefined) return false;
  const round = Number(metadata.annotations?.[annotations.round] ?? Number.NaN);
  const { host, port, binary, reason } = egress;
  const key = { sandboxUid: sandbox.uid, host, port, ...(binary === undefined ? {} : { binary }), reason };
  return metadata.name === approvalName({ ...key, round });
}

/** As many of the nearest as are readable at a glance; their paths are the agent's choice. */
function nearest(ancestors: readonly string[]): string[] {
  let length = 0;
  return ancestors.filter(path => (length += path.length) <= maxAncestorsLength);
}

function nameOf({ sandboxUid }: SessionPeer, { host, port, binary, reason }: DenialFrame, round: number): string {
  return approvalName({ sandboxUid, host, port, ...(binary === undefined ? {} : { binary }), reason, round });
}
