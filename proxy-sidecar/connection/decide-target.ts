// From a target to a verdict: the decision on the name, the binary where it matters, the address last of all.
import { type Host, hostText } from '../../engine/canonical/host.ts';
import type { Allow, Ask, Binary, Deny } from '../../engine/decide/decision.ts';
import { classifyAnswers, type Permit, permitThroughProxy } from '../../engine/decide/permit.ts';
import type { BinaryIdentity } from '../../protocol/session.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import { leavesThroughProxy } from '../upstream/leaves-through-proxy.ts';
import type { ConnectionContext } from './connection-context.ts';

export interface Target {
  readonly host: Host;
  readonly port: number;
  /** Grants that the connection has spent a use of. */
  readonly held?: ReadonlySet<string> | undefined;
}

export type Verdict = {
  /** Known once somebody had to ask. */
  readonly binary?: Binary;
  readonly identity?: BinaryIdentity;
} & (
  | { readonly kind: 'Allow'; readonly allow: Allow }
  | { readonly kind: 'Deny'; readonly deny: Deny }
  | { readonly kind: 'Ask'; readonly ask: Ask }
);

export type Allowed = Verdict & { readonly kind: 'Allow' };

/** Decides on the name; asks whose socket it is where a rule names binaries, or where a person will see the denial. */
export async function decideTarget(
  target: Target,
  captured: Pick<Captured, 'local' | 'remote'>,
  context: ConnectionContext,
): Promise<Verdict> {
  const { decider } = context.policy;
  if (decider === undefined) return { kind: 'Deny', deny: { verdict: 'Deny', reason: 'NoPolicy' } };
  const first = decider.decide(target);
  if (first.verdict === 'Allow') return { kind: 'Allow', allow: first };
  if (first.verdict === 'Deny') return { kind: 'Deny', deny: first };
  const who = await identifyOwner(captured, context);
  // Policy may have changed while the guard looked: what is in force now decides.
  const second = context.policy.decider?.decide({ ...target, binary: who.binary });
  if (second?.verdict === 'Allow') return { kind: 'Allow', allow: second, ...who };
  if (second?.verdict === 'Ask') return { kind: 'Ask', ask: second, ...who };
  if (second?.verdict === 'Deny') return { kind: 'Deny', deny: second, ...who };
  return { kind: 'Deny', deny: { verdict: 'Deny', reason: 'NoPolicy' }, ...who };
}

/** Whose socket it is; the guard answers from its cache, checked anew. */
export async function identifyOwner(
  { local, remote }: Pick<Captured, 'local' | 'remote'>,
  { guard, policy }: ConnectionContext,
): Promise<{ binary: Binary; identity?: BinaryIdentity }> {
  if (policy.inForce?.policy.identity === 'None') return { binary: { kind: 'unknown' } };
  const found = await guard.identify(local, remote);
  if (!found.ok) return { binary: { kind: 'unknown' } };
  const { path, sha256, ancestors } = found.binary;
  return { binary: { kind: 'known', path, sha256, ancestors }, identity: found.binary };
}

/** False once no process holds the agent's end any more. An answer that did not come says nothing. */
export async function isOwned(
  { local, remote, socket }: Pick<Captured, 'local' | 'remote' | 'socket'>,
  { guard }: Pick<ConnectionContext, 'guard'>,
): Promise<boolean> {
  if (socket.destroyed) return false;
  const found = await guard.identify(local, remote);
  return found.ok || found.reason !== 'gone';
}

export type Permitted = Permit | Deny | { readonly verdict: 'Unresolved'; readonly reason: string };

/** Resolves an allowed name, now that it is allowed, and pins what may be dialled. */
export async function permitTarget(
  target: Target,
  allow: Allow,
  binary: Binary | undefined,
  context: ConnectionContext,
): Promise<Permitted> {
  const { decider, inForce } = context.policy;
  if (decider === undefined || inForce === undefined) return { verdict: 'Deny', reason: 'NoPolicy' };
  if (leavesThroughProxy(target.host, inForce.upstreamProxy))
    return permitThroughProxy({ ...target, binary, allow }, decider);
  if (allow.pinned !== undefined) return classifyAnswers({ ...target, binary, allow }, [], decider);
  const resolved = await context.answers.resolve(hostText(target.host), inForce.resolvers);
  if (!resolved.ok) return { verdict: 'Unresolved', reason: resolved.reason };
  return classifyAnswers({ ...target, binary, allow }, resolved.addresses, decider);
}

/** For the log: what kept the host from being dialled. */
export function reasonOf(refused: { readonly reason: string; readonly addressClass?: string }): string {
  return refused.addressClass === undefined ? refused.reason : `${refused.reason}: ${refused.addressClass}`;
}
