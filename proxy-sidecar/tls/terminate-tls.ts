// Ends the agent's TLS inside the sidecar with a leaf of the sandbox's own CA: for the inference host, for inspected hosts, and
// to say why an unlisted host is refused.
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Leaf } from '../identify/guard-client.ts';

export interface LeafContexts {
  contextFor(host: string): Promise<SecureContext>;
}

const maxContexts = 256;
/** A handshake inside a connection costs us more than the agent, and nobody of today asks for one. */
const noRenegotiation = constants.SSL_OP_NO_RENEGOTIATION;
const renewBeforeMs = 60 * 60 * 1000;

/** A context costs 0.7 ms and a leaf a round trip to the guard, so both are kept, the least recently used go first. */
export function createLeafContexts(leafFor: (host: string) => Promise<Leaf>, nowMs: () => number): LeafContexts {
  const contexts = new Map<string, { readonly context: SecureContext; readonly notAfterMs: number }>();
  return {
    async contextFor(host) {
      const known = contexts.get(host);
      contexts.delete(host);
      if (known !== undefined && known.notAfterMs - renewBeforeMs > nowMs()) {
        contexts.set(host, known);
        return known.context;
      }
      const { cert, key, notAfterMs } = await leafFor(host);
      const context = createSecureContext({ cert, key, minVersion: 'TLSv1.2', secureOptions: noRenegotiation });
      const made = { context, notAfterMs };
      for (const oldest of contexts.keys()) {
        if (contexts.size < maxContexts) break;
        contexts.delete(oldest);
      }
      contexts.set(host, made);
      return made.context;
    },
  };
}

const handshakeMs = 10_000;

/** The plain side of the connection, once the handshake is done; undefined when the client gives up. */
export function terminateTls(
  socket: Socket,
  context: SecureContext,
  alpn: readonly string[] = ['http/1.1'],
): Promise<TLSSocket | undefined> {
  return new Promise(resolve => {
    const secure = new TLSSocket(socket, { isServer: true, secureContext: context, ALPNProtocols: [...alpn] });
    const timer = setTimeout(() => secure.destroy(), handshakeMs);
    secure.once('secure', () => {
      clearTimeout(timer);
      secure.off('close', giveUp);
      // Node says so only to sockets of its own tls.Server; HTTP/2 on any other waits for it for ever.
      Object.assign(secure, { secureConnecting: false });
      resolve(secure);
    });
    const giveUp = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
    secure.once('close', giveUp);
    secure.on('error', () => secure.destroy());
  });
}
