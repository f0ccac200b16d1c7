// Captured connections arrive here, redirected by the fence.
import { createServer, type Socket } from 'node:net';
import { parseAuthority } from '../../engine/canonical/authority.ts';
import type { Host } from '../../engine/canonical/host.ts';
import { attestation } from '../../protocol/constants.ts';
import type { OriginalDestination } from '../native/load-addon.ts';
import type { CrowdWatch } from './watch-crowds.ts';

/** A captured connection and where it wanted to go. Paused: nothing of it has been read. */
export interface Captured {
  readonly socket: Socket;
  readonly destination: { readonly host: Extract<Host, { kind: 'ip' }>; readonly port: number };
  /** The agent's own end, `address:port`. */
  readonly local: string;
  /** The destination as the agent's socket has it, `address:port`. */
  readonly remote: string;
}

export interface ListenerOptions {
  readonly port: number;
  readonly originalDestination: OriginalDestination;
  readonly onConnection: (captured: Captured) => void;
  readonly crowds: CrowdWatch;
  readonly signal: AbortSignal;
}

/** Of both address families together; further ones are closed as soon as they are accepted. */
const maxConnections = 6144;
/** Places that only the attestation gets: an agent with many connections must not make the kubelet think its sidecar dead. */
const attestationPlaces = 64;

/** Listens on both loopback addresses; resolves when it does. */
export async function startTransparentListener(options: ListenerOptions): Promise<void> {
  let open = 0;
  const admit = (captured: Captured) => {
    if (isAttestation(captured)) return options.onConnection(captured);
    if (open >= maxConnections) return void captured.socket.destroy();
    open++;
    options.crowds.opened();
    captured.socket.once('close', () => {
      open--;
      options.crowds.closed();
    });
    options.onConnection(captured);
  };
  const admitting = { ...options, onConnection: admit };
  await Promise.all([listen('127.0.0.1', admitting), listen('::1', admitting)]);
}

async function listen(host: string, options: ListenerOptions): Promise<void> {
  const { port, signal } = options;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, socket =>
    accept(socket, options),
  );
  server.maxConnections = maxConnections + attestationPlaces;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host, exclusive: true, signal }, () => {
        server.off('error', reject).on('error', carryOn);
        resolve();
      });
    });
  } catch (error) {
    // A pod without IPv6 has no ::1, and then no connection can come from it.
    const hasNoIpv6 = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (host !== '::1' || !hasNoIpv6) throw error;
  }
}

function accept(socket: Socket, { port, originalDestination, onConnection }: ListenerOptions): void {
  socket.on('error', () => socket.destroy());
  const remote = originalDestination(descriptorOf(socket));
  const parsed = remote === undefined ? undefined : parseAuthority(remote);
  const isOurs =
    parsed?.ok === true && parsed.port === port && parsed.host.kind === 'ip' && isLoopback(parsed.host.address);
  // Not redirected, or redirected to itself: it was meant for this listener, which is nobody's destination.
  if (remote === undefined || parsed?.ok !== true || parsed.host.kind !== 'ip' || parsed.port === undefined || isOurs) {
    return void socket.destroy();
  }
  onConnection({
    socket,
    destination: { host: parsed.host, port: parsed.port },
    // Asked of the kernel only by whoever needs it.
    get local() {
      return agentEnd(socket);
    },
    remote,
  });
}

export function isAttestation({ destination: { host, port } }: Pick<Captured, 'destination'>): boolean {
  return host.address === attestation.address && port === attestation.port;
}

/** Out of file descriptors: one connection is lost, the listener goes on. */
function carryOn(): void {}

/** Node has no public way to a socket's descriptor; a test holds that this one stays. */
export function descriptorOf(socket: Socket): number {
  const handle = Reflect.get(socket, '_handle') as { readonly fd?: number } | null;
  return handle?.fd ?? -1;
}

function agentEnd(socket: Socket): string {
  const address = socket.remoteAddress ?? '';
  return address.includes(':') && !address.startsWith('::ffff:')
    ? `[${address}]:${socket.remotePort}`
    : `${address.replace('::ffff:', '')}:${socket.remotePort}`;
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
