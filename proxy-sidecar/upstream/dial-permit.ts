import { connect, type OnReadOpts, type Socket } from 'node:net';
import type { Permit } from '../../engine/decide/permit.ts';
import type { DirectReads } from './direct-reads.ts';

export type DialOutcome =
  /** `direct`: its bytes come by the direct reads it was dialled with, not as a stream. */
  | { readonly ok: true; readonly socket: Socket; readonly address: string; readonly direct?: DirectReads }
  | { readonly ok: false; readonly reason: 'Unreachable' | 'Aborted'; readonly message: string };

const attemptMs = 5000;
const totalMs = 12_000;

/** Connects to the permit's addresses in their order; the only place from which anything is dialled for the agent. */
export async function dialPermit(
  { addresses, port }: Permit,
  signal: AbortSignal,
  direct?: DirectReads,
): Promise<DialOutcome> {
  const untilMs = performance.now() + totalMs;
  let message = 'no address';
  for (const address of addresses) {
    const leftMs = untilMs - performance.now();
    if (signal.aborted || leftMs <= 0) break;
    const attempt = await dialOne(address, port, Math.min(attemptMs, leftMs), { signal, onread: direct?.onread });
    if (typeof attempt !== 'string')
      return { ok: true, socket: attempt, address, ...(direct === undefined ? {} : { direct }) };
    message = attempt;
  }
  return { ok: false, reason: signal.aborted ? 'Aborted' : 'Unreachable', message };
}

/** A timer and one listener: signals made of others cost more than all else here. */
function dialOne(
  host: string,
  port: number,
  timeoutMs: number,
  { signal, onread }: { readonly signal: AbortSignal; readonly onread: OnReadOpts | undefined },
): Promise<Socket | string> {
  return new Promise(resolve => {
    const options = { host, port, allowHalfOpen: true, noDelay: true, autoSelectFamily: false };
    const socket = connect(onread === undefined ? options : { ...options, onread });
    // Otherwise it would read as soon as it is connected, before anybody can take it.
    if (onread !== undefined) socket.pause();
    const settle = (outcome: Socket | string) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      // Whoever uses the socket listens too; this one keeps an error in between from ending the process.
      socket.removeAllListeners('error').on('error', () => undefined);
      if (typeof outcome === 'string') socket.destroy();
      resolve(outcome);
    };
    const giveUp = () => settle(`no answer from ${host}:${port}`);
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      settle(`${error.code ?? error.message} from ${host}:${port}`),
    );
    socket.once('connect', () => settle(socket));
  });
}
