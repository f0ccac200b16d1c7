// The audit line of one request: what was decided, by which rule, and what became of it.
import { hostText } from '../../engine/canonical/host.ts';
import type { Ask } from '../../engine/decide/decision.ts';
import type { RequestDecision, RequestHead } from '../../engine/decide/request-decision.ts';
import type { AuditRecord } from '../audit/audit-log.ts';
import type { ConnectionContext } from './connection-context.ts';
import type { Allowed, Target } from './decide-target.ts';
import type { GateRecord } from './request-gate.ts';

/** What was decided about a request, kept for its audit line and for looking again. */
export interface Decided {
  readonly verdict: Allowed;
  readonly decision?: RequestDecision | Ask;
  /** A request was refused before or beside policy's own word. */
  readonly reason?: string;
  readonly approval?: string;
}

export function requestAudit(
  { host, port }: Target,
  head: RequestHead,
  { outcome, status, reason, bytesUp, bytesDown }: GateRecord,
  { verdict, decision, reason: ownReason, approval }: Decided,
  { policy }: Pick<ConnectionContext, 'policy'>,
): AuditRecord {
  const operation = decision !== undefined && 'operation' in decision ? decision.operation : undefined;
  const isForwarded = outcome === 'Forwarded';
  const isAsked = decision?.verdict === 'Ask';
  return {
    decision: isForwarded ? 'Allow' : isAsked ? 'Ask' : 'Deny',
    reason: isForwarded ? allowReason(decision) : (ownReason ?? reason ?? outcome),
    host: hostText(host),
    port,
    protocol: 'HTTP',
    revision: policy.revisionText,
    ...whoDecided(decision),
    ...(approval === undefined ? {} : { approval }),
    ...(verdict.identity === undefined ? {} : { binary: verdict.identity.path }),
    method: head.method,
    path: pathOf(head),
    ...(operation === undefined ? {} : { operation }),
    status,
    bytesUp,
    bytesDown,
    // Let out and broken off: what ended it stands beside what let it out.
    ...(isForwarded && reason !== undefined ? { error: reason } : {}),
  };
}

/** Audit is allowed and recorded: its lines say so, and never that anything was blocked. */
function allowReason(decision: Decided['decision']): string {
  if (decision?.verdict !== 'Allow') return 'Rule';
  return decision.mode === 'Audit' ? 'Audit' : decision.by;
}

function whoDecided(decision: Decided['decision']): Pick<AuditRecord, 'rule' | 'approval'> {
  if (decision?.verdict === 'Deny') return decision.id === undefined ? {} : { rule: decision.id };
  if (decision?.verdict !== 'Allow') return {};
  return decision.by === 'Grant' ? { approval: decision.id } : { rule: decision.id };
}

/** Queries may carry secrets: they are in no log and no answer. */
export function pathOf({ target }: Pick<RequestHead, 'target'>): string {
  return target.split('?', 1)[0] ?? '';
}
