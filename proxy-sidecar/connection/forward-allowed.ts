// An allowed connection: its first bytes must be what the rule says, then it is carried to the pinned address.
import { hostText } from '../../engine/canonical/host.ts';
import type { Permit } from '../../engine/decide/permit.ts';
import type { AuditRecord } from '../audit/audit-log.ts';
import { defaultHttpLimits } from '../http/http-limits.ts';
import { type Dialled, type ExchangeRecord, type RequestVerdict, serveHttp } from '../http/serve-http.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import { dialPermit } from '../upstream/dial-permit.ts';
import { relay } from '../upstream/relay.ts';
import type { ConnectionContext } from './connection-context.ts';
import { permitTarget, type Target, type Verdict } from './decide-target.ts';
import { isSameServer, type Sniffed, sniffProtocol } from './sniff-protocol.ts';
import { type Carried, isStillAllowed } from './still-allowed.ts';

type Allowed = Verdict & { readonly kind: 'Allow' };

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
  if (sniffed.kind === 'HTTP') return await carryHttp(captured, carried, verdict, signal, context);
  await carryBytes(captured, carried, verdict, signal, context);
}

/** Why the first bytes are not what was allowed. */
function problemOf(sniffed: Sniffed, { host, port }: Target, { allow }: Allowed): string | undefined {
  if (sniffed.kind === 'Bad') return sniffed.problem;
  if (sniffed.kind === 'TLS' && allow.protocol !== 'HTTP')
    return isSameServer(sniffed.serverName, host) ? undefined : 'ServerNameMismatch';
  if (allow.protocol === 'TLS' || (allow.protocol === 'Any' && port === 443)) return 'NotTls';
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
  const permit = await permitTarget(target, verdict.allow, verdict.binary, context);
  if (permit.verdict !== 'Permit') return refuse(captured, target, verdict, reasonOf(permit), context);
  carried.permit = permit;
  const dialled = await dialPermit(permit, signal);
  if (!dialled.ok) return refuse(captured, target, verdict, dialled.reason, context, dialled.message);
  const result = await relay(captured.socket, dialled.socket, signal);
  const durationMs = Math.round(performance.now() - startedMs);
  context.audit.record({ ...allowedRecord(target, verdict, context), address: dialled.address, ...result, durationMs });
}

async function carryHttp(
  captured: Captured,
  carried: Carried,
  first: Allowed,
  signal: AbortSignal,
  context: ConnectionContext,
): Promise<void> {
  const { target } = carried;
  const host = hostText(target.host);
  await serveHttp(captured.socket, {
    host,
    port: target.port,
    limits: defaultHttpLimits,
    signal,
    decideRequest: () => decideRequest(carried, first, context),
    dial,
    record: exchange => recordExchange(exchange, target, first, context),
  });
}

/** Each request is decided alone: a grant may have ended, a policy changed since the last one. */
async function decideRequest(carried: Carried, first: Allowed, context: ConnectionContext): Promise<RequestVerdict> {
  const { target, binary } = carried;
  const body = { host: hostText(target.host), port: target.port };
  if (!isStillAllowed(carried, context.policy))
    return { verdict: 'Refuse', body: { ...body, error: 'NoLongerAllowed', detail: 'Policy has changed.' } };
  // The addresses stay those of the first request: what was pinned is checked again, not looked up again.
  if (carried.permit !== undefined) return { verdict: 'Permit', permit: carried.permit };
  const permit = await permitTarget(target, first.allow, binary, context);
  if (permit.verdict === 'Permit') {
    carried.permit = permit;
    return { verdict: 'Permit', permit };
  }
  return {
    verdict: 'Refuse',
    status: 502,
    body: { ...body, error: reasonOf(permit), detail: 'The host is allowed, but none of its addresses can be used.' },
  };
}

async function dial(permit: Permit, signal: AbortSignal): Promise<Dialled> {
  const dialled = await dialPermit(permit, signal);
  return dialled.ok ? { ok: true, stream: dialled.socket } : { ok: false, problem: dialled.message };
}

function recordExchange(exchange: ExchangeRecord, target: Target, verdict: Allowed, context: ConnectionContext): void {
  const { facts, outcome, status, reason, bytesUp, bytesDown } = exchange;
  const isAllowed = outcome === 'Forwarded';
  context.audit.record({
    ...allowedRecord(target, verdict, context),
    ...(isAllowed ? {} : { decision: 'Deny' as const, reason: reason ?? outcome }),
    protocol: 'HTTP',
    method: facts.method,
    path: facts.target.split('?', 1)[0] ?? '',
    status,
    bytesUp,
    bytesDown,
  });
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

function reasonOf(refused: { readonly reason: string; readonly addressClass?: string }): string {
  return refused.addressClass === undefined ? refused.reason : `${refused.reason}: ${refused.addressClass}`;
}
