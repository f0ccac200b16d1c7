// Verified TLS to a permitted host: its name (or address) must stand in the certificate, whatever the agent would accept.
import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import type { Permit } from '../../engine/decide/permit.ts';
import type { DialOutcome } from './dial-permit.ts';

export type TlsDialled =
  /** `alpn` is what upstream chose of the protocols offered; undefined when it chose none. */
  | { readonly ok: true; readonly stream: TLSSocket; readonly address: string; readonly alpn: string | undefined }
  /** `problem` is for people; nothing has been sent but the handshake. */
  | { readonly ok: false; readonly problem: string };

export interface TlsDialOptions {
  readonly dial: (permit: Permit, signal: AbortSignal) => Promise<DialOutcome>;
  readonly trust: SecureContext;
  /** In order of preference. */
  readonly alpn: readonly string[];
}

const handshakeMs = 10_000;

export async function dialTls(
  permit: Permit,
  { dial, trust, alpn }: TlsDialOptions,
  signal: AbortSignal,
): Promise<TlsDialled> {
  const dialled = await dial(permit, signal);
  if (!dialled.ok) return { ok: false, problem: dialled.message };
  const secured = await handshake(dialled.socket, permit.host, trust, alpn, signal);
  return typeof secured === 'string'
    ? { ok: false, problem: secured }
    : { ok: true, stream: secured, address: dialled.address, alpn: secured.alpnProtocol || undefined };
}

function handshake(
  socket: Socket,
  host: string,
  secureContext: SecureContext,
  alpn: readonly string[],
  signal: AbortSignal,
): Promise<TLSSocket | string> {
  return new Promise(resolve => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(handshakeMs)]);
    const secure = connectTls({
      socket,
      host,
      // RFC 6066, 3: an address is no server name.
      servername: isIP(host) === 0 ? host : '',
      secureContext,
      // Said here so that no environment variable can switch it off.
      rejectUnauthorized: true,
      checkServerIdentity: (_name, certificate) => checkIdentity(host, certificate),
      ALPNProtocols: [...alpn],
    });
    const settle = (outcome: TLSSocket | string) => {
      bounded.removeEventListener('abort', onAbort);
      if (typeof outcome === 'string') secure.destroy();
      resolve(outcome);
    };
    const onAbort = () => settle('the TLS handshake took too long');
    bounded.addEventListener('abort', onAbort, { once: true });
    if (bounded.aborted) onAbort();
    secure.on('error', (error: NodeJS.ErrnoException) => settle(problemOf(error)));
    secure.once('close', () => settle('TLS: closed during the handshake'));
    secure.once('secureConnect', () => settle(secure));
  });
}

/** Before TLS 1.3 a missing client certificate has no alert of its own. */
function problemOf({ code, message }: NodeJS.ErrnoException): string {
  const isRefused = code?.endsWith('_ALERT_HANDSHAKE_FAILURE') === true;
  return `TLS: ${code ?? message}${isRefused ? ' (it may want a client certificate, and gets none)' : ''}`;
}

/** RFC 9525, 2: names in the common name count no more; node would fall back to it. */
function checkIdentity(host: string, certificate: PeerCertificate): Error | undefined {
  return checkServerIdentity(host, { ...certificate, subject: { ...certificate.subject, CN: '' } });
}
