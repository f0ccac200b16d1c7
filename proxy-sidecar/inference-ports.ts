// What the inference route needs of the rest: its upstream resolved, pinned and dialled like any other, over verified TLS.
import type { SecureContext } from 'node:tls';
import { hostText } from '../engine/canonical/host.ts';
import { classifyAnswers, type Permit, permitThroughProxy } from '../engine/decide/permit.ts';
import { routeAllow } from '../engine/decide/route-allow.ts';
import type { AnswerMemory } from './dns/answer-memory.ts';
import type { PoolPorts } from './inference/upstream-pool.ts';
import type { PolicyState } from './policy/policy-state.ts';
import type { DialOutcome } from './upstream/dial-permit.ts';
import { dialTls } from './upstream/dial-tls.ts';
import { leavesThroughProxy } from './upstream/leaves-through-proxy.ts';

export function inferencePorts(
  policy: PolicyState,
  dial: (permit: Permit, signal: AbortSignal) => Promise<DialOutcome>,
  trust: () => SecureContext,
  answers: Pick<AnswerMemory, 'resolve'>,
): PoolPorts {
  return {
    async permitRoute(route, target) {
      const { decider, inForce } = policy;
      if (decider === undefined || inForce === undefined) return { verdict: 'Deny', reason: 'NoPolicy' };
      const allow = routeAllow(route);
      const named = { host: target.host, port: target.port, allow };
      if (leavesThroughProxy(target.host, inForce.upstreamProxy)) return permitThroughProxy(named, decider);
      if (allow.pinned !== undefined || target.host.kind === 'ip')
        return classifyAnswers(named, [hostText(target.host)], decider);
      const resolved = await answers.resolve(hostText(target.host), inForce.resolvers);
      return classifyAnswers(named, resolved.ok ? resolved.addresses : [], decider);
    },
    async dial(permit, { tls }, signal) {
      if (tls) return await dialTls(permit, { dial, trust: trust(), alpn: ['http/1.1'] }, signal);
      const dialled = await dial(permit, signal);
      return dialled.ok ? { ok: true, stream: dialled.socket } : { ok: false, problem: dialled.message };
    },
  };
}
