import { parseHost } from '../../engine/canonical/host.ts';
import { type Permit, permitProxy } from '../../engine/decide/permit.ts';
import type { AnswerMemory } from '../dns/answer-memory.ts';
import type { PolicyState } from '../policy/policy-state.ts';
import { type DialOutcome, dialPermit } from './dial-permit.ts';
import { dialThroughProxy } from './dial-through-proxy.ts';
import type { DirectReads } from './direct-reads.ts';

/** More than the agent may have open towards the sidecar: a stream of HTTP/2 may want one of its own. */
const maxOpen = 8192;

type Dialling = Pick<PolicyState, 'decider' | 'inForce'>;
type Answers = Pick<AnswerMemory, 'resolve' | 'forget'>;

/** `direct` is used where the connection leads to the host itself. */
export type Dial = (permit: Permit, signal: AbortSignal, direct?: DirectReads) => Promise<DialOutcome>;

/** Dials what is permitted: directly, or where the permit says so through the corporate proxy that is in force now. */
export function createDialler(policy: Dialling, answers: Answers, max = maxOpen): Dial {
  let open = 0;
  return async (permit, signal, direct) => {
    if (open >= max) return unreachable(`this sandbox has ${max} upstream connections already`);
    open += 1;
    let isHeld = false;
    try {
      const dialled = await (permit.via === 'Proxy'
        ? dialByProxy(permit, policy, answers, signal)
        : dialPermit(permit, signal, direct));
      if (!dialled.ok && dialled.reason === 'Unreachable') answers.forget(permit.host);
      if (dialled.ok && !dialled.socket.closed) {
        isHeld = true;
        dialled.socket.once('close', () => (open -= 1));
      }
      return dialled;
    } finally {
      if (!isHeld) open -= 1;
    }
  };
}

async function dialByProxy(
  permit: Permit,
  { decider, inForce }: Dialling,
  answers: Answers,
  signal: AbortSignal,
): Promise<DialOutcome> {
  const proxy = inForce?.upstreamProxy;
  if (decider === undefined || inForce === undefined || proxy === undefined)
    return unreachable('there is no upstream proxy any more');
  const resolved =
    parseHost(proxy.host).kind === 'ip'
      ? { ok: true as const, addresses: [proxy.host] }
      : await answers.resolve(proxy.host, inForce.resolvers);
  if (!resolved.ok) return unreachable(`the upstream proxy's name: ${resolved.reason}`);
  const toProxy = permitProxy(proxy, resolved.addresses, decider);
  if (toProxy.verdict !== 'Permit') return unreachable(`the upstream proxy's address: ${toProxy.reason}`);
  const dialled = await dialThroughProxy({ host: permit.host, port: permit.port }, toProxy, proxy, signal);
  if (!dialled.ok && dialled.reason === 'Unreachable') answers.forget(proxy.host);
  return dialled;
}

function unreachable(message: string): DialOutcome {
  return { ok: false, reason: 'Unreachable', message };
}
