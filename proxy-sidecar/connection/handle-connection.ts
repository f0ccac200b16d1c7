// One captured connection from its first packet to its end: what it wants, whether it may, and what becomes of it.

import { cidrContains, parseCidr } from '../../engine/canonical/cidr.ts';
import { hostText, parseHost } from '../../engine/canonical/host.ts';
import { parseIp } from '../../engine/canonical/ip.ts';
import { inferenceHost, syntheticRange } from '../../protocol/constants.ts';
import { type Captured, isAttestation } from '../listen/start-transparent-listener.ts';
import type { Denial } from '../session/denial-reports.ts';
import { terminateTls } from '../tls/terminate-tls.ts';
import type { ConnectionContext } from './connection-context.ts';
import { decideTarget, isOwned, type Target, type Verdict } from './decide-target.ts';
import { forwardAllowed } from './forward-allowed.ts';
import { holdForDecision } from './hold-for-decision.ts';
import { refuseAskable } from './refuse-askable.ts';
import { refuseDenied } from './refuse-denied.ts';
import { type Carried, isStillAllowed } from './still-allowed.ts';

const synthetic = parseCidr(syntheticRange);
/** Who asked has read the line by then; places for the question are few. */
const attestationMs = 1000;

/** Never rejects; the socket is closed when it resolves. */
export async function handleConnection(captured: Captured, context: ConnectionContext): Promise<void> {
  const { socket } = captured;
  try {
    if (isAttestation(captured)) {
      socket.end(`${JSON.stringify(context.attestation())}\n`);
      socket.resume();
      setTimeout(() => socket.destroy(), attestationMs).unref();
      return;
    }
    const target = nameOf(captured, context);
    if (target === undefined) return refuseUnknown(captured, context);
    if (target.host.kind === 'name' && target.host.name === inferenceHost && target.port === 443) {
      return await serveRoute(captured, context);
    }
    await decideAndCarryOut(captured, target, context);
  } catch (error) {
    socket.destroy();
    recordBug(captured, error, context);
  }
}

/** A log that fails as well is no reason to end the process, and every other connection with it. */
function recordBug({ destination: { host, port } }: Captured, bug: unknown, { audit }: ConnectionContext): void {
  const error = bug instanceof Error ? bug.message : String(bug);
  try {
    audit.record({ decision: 'Deny', reason: 'InternalError', host: host.address, port, error });
  } catch {
    process.stderr.write(`a connection ended by an error that cannot be recorded: ${error}\n`);
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
  const end = new AbortController();
  const forget = context.policy.connections.add({
    // Calls in flight finish on the route they began on; only a sandbox that may do nothing at all loses them.
    isStillAllowed: () => context.policy.decider !== undefined && context.policy.inForce?.policy.frozen !== true,
    close: () => end.abort(),
  });
  try {
    const plain = await terminateTls(socket, await context.leaves.contextFor(inferenceHost));
    if (plain !== undefined) await context.serveInference(plain, end.signal);
  } finally {
    forget();
  }
}

async function decideAndCarryOut(captured: Captured, target: Target, context: ConnectionContext): Promise<void> {
  await carryOut(captured, target, await decideTarget(target, captured, context), context);
}

async function carryOut(
  captured: Captured,
  target: Target,
  verdict: Verdict,
  context: ConnectionContext,
): Promise<void> {
  switch (verdict.kind) {
    case 'Allow':
      return await carryAllowed(captured, target, verdict, context);
    case 'Ask':
      return await ask(captured, target, verdict, context);
    case 'Deny':
      return await refuseDenied(captured, target, verdict, context);
  }
}

/** Waits for a decision as long as policy says, then refuses with an answer that names the request. */
async function ask(
  captured: Captured,
  target: Target,
  verdict: Extract<Verdict, { kind: 'Ask' }>,
  context: ConnectionContext,
): Promise<void> {
  const host = hostText(target.host);
  const denial: Denial = {
    host,
    port: target.port,
    reason: verdict.ask.reason,
    sample: `${host}:${target.port}`,
    ...(verdict.identity === undefined ? {} : { binary: verdict.identity }),
  };
  const asked = context.denials.report(denial);
  const holdMs = context.policy.inForce?.policy.holdMs ?? 0;
  if (holdMs === 0) return await refuseAskable(captured, target, verdict, { asked, isNotHeld: false }, context);
  const look = async () => {
    const now = await decideTarget(target, captured, context);
    return now.kind === 'Ask' ? undefined : now;
  };
  const isClientThere = () => isOwned(captured, context);
  const held = await holdForDecision({ holdMs, denial, look, isClientThere }, context);
  if (held.kind === 'Decided') return await carryOut(captured, target, held.now, context);
  if (held.kind === 'ClientGone') return endGone(captured, target, context);
  const newest = context.denials.newest(denial);
  const answer = {
    asked: newest === undefined ? asked : Promise.resolve(newest),
    isNotHeld: held.kind === 'TooManyHeld',
  };
  await refuseAskable(captured, target, verdict, answer, context);
}

function endGone({ socket }: Captured, { host, port }: Target, { audit, policy }: ConnectionContext): void {
  const revision = policy.revisionText;
  audit.record({ decision: 'Ask', reason: 'ClientGone', host: hostText(host), port, revision });
  socket.destroy();
}

async function carryAllowed(
  captured: Captured,
  target: Target,
  verdict: Verdict & { kind: 'Allow' },
  context: ConnectionContext,
): Promise<void> {
  const end = new AbortController();
  const carried: Carried = { target, binary: verdict.binary, protocol: verdict.allow.protocol };
  const forget = context.policy.connections.add({
    isStillAllowed: () => isStillAllowed(carried, context.policy),
    close: () => end.abort(),
  });
  try {
    await forwardAllowed(captured, carried, verdict, end.signal, context);
  } finally {
    forget();
  }
}

/** An address that was never given out, or before the sidecar's memory of it was lost. */
function refuseUnknown({ socket, destination }: Captured, { audit, policy }: ConnectionContext): void {
  audit.record({
    decision: 'Deny',
    reason: 'UnknownSyntheticAddress',
    host: destination.host.address,
    port: destination.port,
    revision: policy.revisionText,
  });
  socket.resetAndDestroy();
}
