// Carries requests: TLS is ended here with the sandbox's own CA and begun again upstream, and the gate decides each one alone.

import type { TLSSocket } from 'node:tls';
import { hostText } from '../../engine/canonical/host.ts';
import type { Permit } from '../../engine/decide/permit.ts';
import { defaultHttpLimits } from '../http/http-limits.ts';
import { type Dialled, serveHttp } from '../http/serve-http.ts';
import { defaultHttp2Limits } from '../http2/http2-limits.ts';
import { serveHttp2 } from '../http2/serve-http2.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import { terminateTls } from '../tls/terminate-tls.ts';
import { dialTls, type TlsDialled } from '../upstream/dial-tls.ts';
import type { ConnectionContext } from './connection-context.ts';
import type { Allowed } from './decide-target.ts';
import { createPolicyGate } from './policy-gate.ts';
import type { RequestGate } from './request-gate.ts';
import type { Carried } from './still-allowed.ts';

export interface Opened {
  readonly captured: Captured;
  readonly carried: Carried;
  readonly verdict: Allowed;
  /** Aborted when the connection is no longer allowed. */
  readonly signal: AbortSignal;
  readonly context: ConnectionContext;
}

/** Plain HTTP, by Host. */
export async function carryPlainRequests(opened: Opened): Promise<void> {
  const { captured, carried, verdict, signal, context } = opened;
  const dial = async (permit: Permit, ended: AbortSignal): Promise<Dialled> => {
    const dialled = await context.dial(permit, ended);
    return dialled.ok ? { ok: true, stream: dialled.socket } : { ok: false, problem: dialled.message };
  };
  await serveHttp(captured.socket, {
    gate: createPolicyGate(captured, carried, verdict, false, context),
    dial,
    limits: defaultHttpLimits,
    budget: context.inspectedBudget,
    signal,
    cut: () => captured.socket.resetAndDestroy(),
  });
}

/** An agent that speaks TLS is never carried on without it; false: it has not finished the handshake, so there was no request. */
export async function carryTlsRequests(opened: Opened): Promise<boolean> {
  const { captured, carried, verdict, context } = opened;
  const leaf = await context.leaves.contextFor(hostText(carried.target.host));
  const plain = await terminateTls(captured.socket, leaf, agentAlpn);
  if (plain === undefined) return false;
  const gate = createPolicyGate(captured, carried, verdict, true, context);
  await adapterFor(plain.alpnProtocol)(plain, gate, opened);
  return true;
}

/** What the agent is offered, in order of preference. */
const agentAlpn: readonly string[] = ['h2', 'http/1.1'];

type Adapter = (plain: TLSSocket, gate: RequestGate, opened: Opened) => Promise<void>;

/** A client that offers no ALPN speaks HTTP/1.1. */
function adapterFor(alpn: string | false | null): Adapter {
  return alpn === 'h2' ? carryHttp2 : carryHttp1;
}

async function carryHttp1(plain: TLSSocket, gate: RequestGate, { captured, signal, context }: Opened): Promise<void> {
  await serveHttp(plain, {
    gate,
    dial: (permit, ended) => dialUpstream(permit, ['http/1.1'], ended, context),
    limits: defaultHttpLimits,
    budget: context.inspectedBudget,
    signal,
    cut: () => captured.socket.destroy(),
  });
}

async function carryHttp2(plain: TLSSocket, gate: RequestGate, { signal, context }: Opened): Promise<void> {
  await serveHttp2(plain, {
    gate,
    async dialUpstream(permit, ended) {
      const dialled = await dialUpstream(permit, ['h2', 'http/1.1'], ended, context);
      return dialled.ok ? { ...dialled, alpn: dialled.alpn === 'h2' ? 'h2' : 'http/1.1' } : dialled;
    },
    limits: defaultHttp2Limits,
    budget: context.inspectedBudget,
    signal,
  });
}

function dialUpstream(
  permit: Permit,
  alpn: readonly string[],
  signal: AbortSignal,
  { dial, trust }: ConnectionContext,
): Promise<TlsDialled> {
  return dialTls(permit, { dial, trust: trust(), alpn }, signal);
}
