import { connect, type Socket } from 'node:net';
import type { Permit } from '../../engine/decide/permit.ts';

export type DialOutcome =
  | { readonly ok: true; readonly socket: Socket; readonly address: string }
  | { readonly ok: false; readonly reason: 'Unreachable' | 'Aborted'; readonly message: string };

const attemptMs = 5000;
const totalMs = 12_000;

/** Connects to the permit's addresses in their order; the only place from which anything is dialled for the agent. */
export async function dialPermit(permit: Permit, signal: AbortSignal): Promise<DialOutcome> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(totalMs)]);
  let message = 'no address';
  for (const address of permit.addresses) {
    if (deadline.aborted) break;
    const attempt = await dialOne(address, permit.port, deadline);
    if (typeof attempt !== 'string') return { ok: true, socket: attempt, address };
    message = attempt;
  }
  return { ok: false, reason: signal.aborted ? 'Aborted' : 'Unreachable', message };
}

function dialOne(host: string, port: number, signal: AbortSignal): Promise<Socket | string> {
  return new Promise(resolve => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]);
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true, autoSelectFamily: false });
    const fail = (message: string) => {
      bounded.removeEventListener('abort', onAbort);
      socket.on('error', () => undefined).destroy();
      resolve(message);
    };
    const onAbort = () => fail(`no answer from ${host}:${port}`);
    bounded.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error: NodeJS.ErrnoException) => fail(`${error.code ?? error.message} from ${host}:${port}`));
    socket.once('connect', () => {
      bounded.removeEventListener('abort', onAbort);
      // Whoever uses the socket listens too; this one keeps an error in between from ending the process.
      socket.removeAllListeners('error').on('error', () => undefined);
      resolve(socket);
    });
  });
}
