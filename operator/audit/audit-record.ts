import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';

type Spec = ApprovalRequest['spec'];
type Decision = NonNullable<Spec['decision']>;

export interface AuditedObject {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
}

/** Who did what to what, and which content they saw. docs/audit.md explains each field. */
export type AuditRecord = {
  /** The same however often the record is written: a reader keeps the first. */
  readonly id: string;
  readonly object: AuditedObject;
  /** sha256 (hex) of the content that was decided about, as canonical JSON. */
  readonly digest: string;
} & (
  | ({
      readonly type: 'Asked' | 'Decision' | 'NotInForce' | 'Enforced' | 'Ended';
      readonly sandbox: Spec['sandbox'];
      readonly egress?: Spec['egress'];
      readonly gpu?: Spec['gpu'];
      /** As the API server knew them: an admission policy holds it. */
      readonly user?: string;
      readonly phase?: string;
      readonly expiresAt?: string;
      readonly enforcedInMs?: number;
      readonly why?: string;
    } & Partial<Pick<Decision, 'verdict' | 'scope' | 'requests' | 'for' | 'maxUses' | 'reason'>>)
  | {
      readonly type: 'PolicyChanged';
      readonly user?: string;
      /** Possibly: it has a rule that the version before had not, or lacks a refusal that it had. Unknown: that one was not seen. */
      readonly widens: 'Possibly' | 'No' | 'Unknown';
      readonly rules: number;
      /** Of a ClusterEgressPolicy: all egress of the selected sandboxes is stopped. */
      readonly freeze?: boolean;
      readonly ceiling?: object;
    }
  | { readonly type: 'PolicyDeleted' }
);
