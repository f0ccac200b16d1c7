// One captured connection from its first packet to its end: what it wants, whether it may, and what becomes of it.

import { cidrContains, parseCidr } from '../../engine/canonical/cidr.ts';
import { hostText, parseHost } from '../../engine/canonical/host.ts';
import { parseIp } from '../../engine/canonical/ip.ts';
import type { Allow } from '../../engine/decide/decision.ts';
import { attestation, inferenceHost, syntheticRange } from '../../protocol/constants.ts';
import type { AuditRecord } from '../audit/audit-log.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import { terminateTls } from '../tls/terminate-tls.ts';
import type { ConnectionContext } from './connection-context.ts';
import { decideTarget, type Target, type Verdict } from './decide-target.ts';
import { forwardAllowed } from './forward-allowed.ts';
import { refuseAskable } from './refuse-askable.ts';

const synthetic = parseCidr(syntheticRange);

/** Never rejects; the socket is closed when it resolves. */
export async function handleConnection(captured: Captured, context: ConnectionContext): Promise<void> {
  const { socket, destination } = captured;
  try {
    if (destination.host.address === attestation.address && destination.port === attestation.port) {
      socket.end(`${JSON.stringify(context.attestation())}\n`);
      socket.resume();
      return;
    }
    const target = nameOf(captured, context);
    if (target === undefined)
      return deny(captured, { host: destination.host.address, reason: 'UnknownSyntheticAddress' }, context);
    if (target.host.kind === 'name' && target.host.name === inferenceHost && target.port === 443) {
      return await serveRoute(captured, context);
    }
    await decideAndCarryOut(captured, target, context);
  } catch (error) {
    context.audit.record({
      decision: 'Deny',
      reason: 'InternalError',
      host: destination.host.address,
      port: destination.port,
      error: error instanceof Error ? error.message : String(error),
    });
    socket.destroy();
  }
}

/** Synthetic addresses mean the name they were given out for, whichever program uses them; others mean themselves. */
function nameOf({ destination }: Captured, { names }: ConnectionContext): Target | undefined {
  const { host, port } = destination;
  const ip = parseIp(host.address);
  if (!synthetic.ok || ip === undefined || !cidrContains(synthetic.cidr, ip)) return { host, port };
  const name = names.nameOf(host.address);
  const parsed = name === undefined ? undefined : parseHost(name);
  return parsed?.kind === 'name' ? { host: parsed, port } : undefined;
}

async function serveRoute({ socket }: Captured, context: ConnectionContext): Promise<void> {
  const plain = await terminateTls(socket, await context.leaves.contextFor(inferenceHost));
  if (plain !== undefined) await context.serveInference(plain, context.signal);
}

async function decideAndCarryOut(captured: Captured, target: Target, context: ConnectionContext): Promise<void> {
  const verdict = await decideTarget(target, captured, context);
  switch (verdict.kind) {
    case 'Allow':
      return await carryAllowed(captured, target, verdict, context);
    case 'Ask':
      return await hold(captured, target, verdict, context);
    case 'Deny':
      return deny(
        captured,
        {
          host: hostText(target.host),
          reason: verdict.deny.reason,
          rule: verdict.deny.id,
          binary: verdict.identity?.path,
        },
        context,
      );
  }
}

/** Waits for a decision as long as policy says, then refuses with an answer that names the request. */
async function hold(
  captured: Captured,
  target: Target,
  verdict: Extract<Verdict, { kind: 'Ask' }>,
  context: ConnectionContext,
): Promise<void> {
  const holdMs = context.policy.inForce?.policy.holdMs ?? 0;
  const untilMs = context.nowMs() + holdMs;
  const host = hostText(target.host);
  const asked = context.denials.report({
    host,
    port: target.port,
    reason: verdict.ask.reason,
    sample: `${host}:${target.port}`,
    ...(verdict.identity === undefined ? {} : { binary: verdict.identity }),
  });
  while (holdMs > 0 && !captured.socket.destroyed) {
    const leftMs = untilMs - context.nowMs();
    if (leftMs <= 0) break;
    await context.policy.changedWithin(leftMs);
    const now = await decideTarget(target, captured, context);
    if (now.kind === 'Allow') return await carryAllowed(captured, target, now, context);
    if (now.kind === 'Deny') break;
  }
  await refuseAskable(captured, target, verdict, asked, context);
}

async function carryAllowed(
  captured: Captured,
  target: Target,
  verdict: Verdict & { kind: 'Allow' },
  context: ConnectionContext,
): Promise<void> {
  const end = new AbortController();
  const forget = context.policy.connections.add({
    isStillAllowed: () => isSameAllow(verdict.allow, target, verdict, context),
    close: () => end.abort(),
  });
  try {
    await forwardAllowed(captured, target, verdict, AbortSignal.any([end.signal, context.signal]), context);
  } finally {
    forget();
  }
}

/** Any rule or grant may carry it on; a narrower protocol does not. */
function isSameAllow(allow: Allow, target: Target, { binary }: Verdict, { policy }: ConnectionContext): boolean {
  const now = policy.decider?.decide({ ...target, binary: binary ?? { kind: 'unknown' } });
  return now?.verdict === 'Allow' && (now.protocol === allow.protocol || now.protocol === 'Any');
}

function deny(
  { socket, destination }: Captured,
  what: { host: string; reason: string; rule?: string | undefined; binary?: string | undefined },
  context: ConnectionContext,
): void {
  const { host, reason, rule, binary } = what;
  const record: AuditRecord = {
    decision: 'Deny',
    reason,
    host,
    port: destination.port,
    revision: context.policy.revisionText,
    ...(rule === undefined ? {} : { rule }),
    ...(binary === undefined ? {} : { binary }),
  };
  context.audit.record(record);
  socket.resetAndDestroy();
}
