// An allowed connection: its first bytes must be what the rule says, then it is carried to the pinned address.
import { hostText } from '../../engine/canonical/host.ts';
import type { AuditRecord } from '../audit/audit-log.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import { createDirectReads } from '../upstream/direct-reads.ts';
import { relay } from '../upstream/relay.ts';
import { carryPlainRequests, carryTlsRequests } from './carry-requests.ts';
import type { ConnectionContext } from './connection-context.ts';
import { type Allowed, permitTarget, reasonOf, type Target } from './decide-target.ts';
import { isSameServer, type Sniffed, sniffProtocol } from './sniff-protocol.ts';
import { type Carried, isStillAllowed } from './still-allowed.ts';
import { takeUse } from './take-use.ts';

const firstBytesMs = 15_000;
const serverFirstMs = 300;

export async function forwardAllowed(
  captured: Captured,
  carried: Carried,
  verdict: Allowed,
  signal: AbortSignal,
  context: ConnectionContext,
): Promise<void> {
  const { target, protocol } = carried;
  const sniffed: Sniffed =
    protocol === 'TCP' ? { kind: 'Other' } : await sniffProtocol(captured.socket, silenceMs(target, verdict));
  // Taken back while the first bytes were waited for: its name is not asked for outside any more.
  const problem = signal.aborted ? 'NoLongerAllowed' : problemOf(sniffed, target, verdict);
  if (problem !== undefined) return refuse(captured, target, verdict, problem, context);
  if (protocol === 'Any') carried.protocol = protocolOf(sniffed);
  if (sniffed.kind === 'HTTP') carried.isPlainHttp = true;
  const opened = { captured, carried, verdict, signal, context };
  if (sniffed.kind === 'HTTP') return await carryPlainRequests(opened);
  if (protocol === 'HTTP') {
    const hasSpoken = await carryTlsRequests(opened);
    // Most often a program that does not trust the sandbox's CA: without a line nobody would know why.
    if (!hasSpoken) refuse(captured, target, verdict, 'NoTlsHandshake', context);
    return;
  }
  await carryBytes(captured, carried, verdict, signal, context);
}

/** What a connection under a grant is: a rule that allows just that may carry it on. */
function protocolOf({ kind }: Sniffed): Carried['protocol'] {
  return kind === 'TLS' || kind === 'HTTP' ? kind : 'TCP';
}

/** Why the first bytes are not what was allowed. */
function problemOf(sniffed: Sniffed, { host, port }: Target, { allow }: Allowed): string | undefined {
  if (sniffed.kind === 'Bad') return sniffed.problem;
  if (sniffed.kind === 'TLS' && allow.protocol === 'HTTP' && port === 80) return 'NotHttp';
  if (sniffed.kind === 'TLS') return isSameServer(sniffed.serverName, host) ? undefined : 'ServerNameMismatch';
  if (allow.protocol === 'TLS' || (allow.protocol !== 'TCP' && port === 443)) return 'NotTls';
  const isHttpOnly = allow.protocol === 'HTTP' || (allow.protocol === 'Any' && port === 80);
  return isHttpOnly && sniffed.kind !== 'HTTP' ? 'NotHttp' : undefined;
}

/**
 * Under a grant the protocol is not known. On the two ports of the web, where one address serves many names, a client that waits
 * or begins with a blank could otherwise ask for any of them; elsewhere one that says nothing waits for its server.
 */
function silenceMs({ port }: Target, { allow }: Allowed): number {
  return allow.protocol === 'Any' && port !== 80 && port !== 443 ? serverFirstMs : firstBytesMs;
}

async function carryBytes(
  captured: Captured,
  carried: Carried,
  verdict: Allowed,
  signal: AbortSignal,
  context: ConnectionContext,
): Promise<void> {
  const { target } = carried;
  const startedMs = performance.now();
  if (verdict.allow.by === 'Grant' && !takeUse(verdict.allow.id, carried, context))
    return refuse(captured, target, verdict, 'NoUseLeft', context);
  const permit = await permitTarget(target, verdict.allow, verdict.binary, context);
  if (permit.verdict !== 'Permit') return refuse(captured, target, verdict, reasonOf(permit), context);
  carried.permit = permit;
  // What denies its addresses may have come while they were asked for.
  if (!isStillAllowed(carried, context.policy)) return refuse(captured, target, verdict, 'NoLongerAllowed', context);
  const dialled = await context.dial(permit, signal, createDirectReads(context.readBuffers));
  if (!dialled.ok) return refuse(captured, target, verdict, dialled.reason, context, dialled.message);
  const result = await relay(captured.socket, dialled.socket, signal, dialled.direct);
  const durationMs = Math.round(performance.now() - startedMs);
  context.audit.record({ ...allowedRecord(target, verdict, context), address: dialled.address, ...result, durationMs });
}

/** Cut off with the reason in the log: the agent sees a reset, as from a closed port. */
function refuse(
  { socket }: Captured,
  target: Target,
  verdict: Allowed,
  reason: string,
  context: ConnectionContext,
  error?: string,
): void {
  const record = { ...allowedRecord(target, verdict, context), decision: 'Deny' as const, reason };
  context.audit.record(error === undefined ? record : { ...record, error });
  socket.resetAndDestroy();
}

function allowedRecord(
  { host, port }: Target,
  { allow, identity }: Allowed,
  { policy }: ConnectionContext,
): AuditRecord {
  return {
    decision: 'Allow',
    reason: allow.mode === 'Audit' ? 'Audit' : allow.by,
    host: hostText(host),
    port,
    protocol: allow.protocol,
    revision: policy.revisionText,
    ...(allow.by === 'Grant' ? { approval: allow.id } : { rule: allow.id }),
    ...(identity === undefined ? {} : { binary: identity.path }),
  };
}
