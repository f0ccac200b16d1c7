// What the inference route needs of the rest: its upstream resolved, pinned and dialled like any other, over verified TLS.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, connect as tlsConnect } from 'node:tls';
import { hostText } from '../engine/canonical/host.ts';
import { classifyAnswers, type Permit } from '../engine/decide/permit.ts';
import { routeAllow } from '../engine/decide/route-allow.ts';
import { resolveName } from './dns/resolve-name.ts';
import type { PoolPorts } from './inference/upstream-pool.ts';
import type { PolicyState } from './policy/policy-state.ts';
import { dialPermit } from './upstream/dial-permit.ts';

const handshakeMs = 10_000;

/** `rootFiles` are PEM bundles; one that is absent or empty adds nothing. They are read at the first call. */
export function inferencePorts(policy: PolicyState, rootFiles: readonly string[]): PoolPorts {
  let trust: SecureContext | undefined;
  return {
    async permitRoute(route, target, signal) {
      const { decider, inForce } = policy;
      if (decider === undefined || inForce === undefined) return { verdict: 'Deny', reason: 'NoPolicy' };
      const allow = routeAllow(route);
      const named = { host: target.host, port: target.port, allow };
      if (allow.pinned !== undefined || target.host.kind === 'ip')
        return classifyAnswers(named, [hostText(target.host)], decider);
      const resolved = await resolveName(hostText(target.host), inForce.resolvers, signal);
      return classifyAnswers(named, resolved.ok ? resolved.addresses : [], decider);
    },
    async dial(permit, { tls }, signal) {
      const dialled = await dialPermit(permit, signal);
      if (!dialled.ok) return { ok: false, problem: dialled.message };
      if (!tls) return { ok: true, stream: dialled.socket };
      trust ??= createSecureContext({
        ca: rootFiles.map(readOptional).filter(pem => pem.includes('BEGIN CERTIFICATE')),
        minVersion: 'TLSv1.2',
      });
      return await handshake(dialled.socket, permit, trust, signal);
    },
  };
}

function handshake(
  socket: Socket,
  permit: Permit,
  secureContext: SecureContext,
  signal: AbortSignal,
): ReturnType<PoolPorts['dial']> {
  return new Promise(resolve => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(handshakeMs)]);
    // rejectUnauthorized is said here so that no environment variable can switch it off.
    const secure = tlsConnect({
      socket,
      servername: permit.host,
      secureContext,
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
    });
    const settle = (outcome: Awaited<ReturnType<PoolPorts['dial']>>) => {
      bounded.removeEventListener('abort', onAbort);
      if (!outcome.ok) secure.destroy();
      resolve(outcome);
    };
    const onAbort = () => settle({ ok: false, problem: 'the TLS handshake took too long' });
    bounded.addEventListener('abort', onAbort, { once: true });
    secure.on('error', error => settle({ ok: false, problem: error.message }));
    secure.once('secureConnect', () => settle({ ok: true, stream: secure }));
  });
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
