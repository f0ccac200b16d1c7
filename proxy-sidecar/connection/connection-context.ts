import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Inspected } from '../../engine/decide/decision.ts';
import type { RequestDecision, RequestHead } from '../../engine/decide/request-decision.ts';
import type { Attestation } from '../../protocol/guard.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { AnswerMemory } from '../dns/answer-memory.ts';
import type { SyntheticNames } from '../dns/synthetic-names.ts';
import type { GuardClient } from '../identify/guard-client.ts';
import type { GrantUses } from '../policy/grant-uses.ts';
import type { PolicyState } from '../policy/policy-state.ts';
import type { DenialReports } from '../session/denial-reports.ts';
import type { LeafContexts } from '../tls/terminate-tls.ts';
import type { Dial } from '../upstream/create-dialler.ts';
import type { ReadBuffers } from '../upstream/read-buffers.ts';
import type { MessageBudget } from '../websocket/web-socket-relay.ts';
import type { HoldSlots } from './hold-slots.ts';

/** Everything a captured connection may need; made once in main.ts. */
export interface ConnectionContext {
  readonly policy: PolicyState;
  readonly names: SyntheticNames;
  readonly guard: GuardClient;
  readonly denials: DenialReports;
  readonly uses: GrantUses;
  readonly holds: HoldSlots;
  readonly leaves: LeafContexts;
  readonly audit: AuditLog;
  readonly attestation: () => Attestation;
  readonly decideRequest: (inspected: Inspected, head: RequestHead, body?: Buffer) => RequestDecision;
  /** What waits to be read by a rule, of all connections together. */
  readonly inspectedBudget: MessageBudget;
  /** Addresses of a name that is allowed. */
  readonly answers: Pick<AnswerMemory, 'resolve'>;
  /** Connects to the permit's addresses, through the corporate proxy where there is one. */
  readonly dial: Dial;
  readonly readBuffers: ReadBuffers;
  /** Roots that upstream servers are verified against. */
  readonly trust: () => SecureContext;
  readonly serveInference: (plain: Duplex, signal: AbortSignal) => Promise<void>;
  /** False when leaves for refusals have been made too fast lately. */
  readonly admitRefusal: () => boolean;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}
