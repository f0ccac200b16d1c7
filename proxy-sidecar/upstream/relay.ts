import type { Socket } from 'node:net';
import type { DirectReads } from './direct-reads.ts';

export interface Relayed {
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** The first error of either side, if one ended it. */
  readonly error?: string;
}

const idleMs = 60 * 60 * 1000;
const maxAgeMs = 24 * 60 * 60 * 1000;

/**
 * Carries bytes both ways with back-pressure and half-close until both sides have ended, one failed, one was silent for an
 * hour, a day has passed, or the signal aborts. Resolves when both sockets are closed.
 */
export function relay(agent: Socket, upstream: Socket, signal: AbortSignal, direct?: DirectReads): Promise<Relayed> {
  return new Promise(resolve => {
    let error: string | undefined;
    let open = 2;
    const cut = () => {
      // A reset, not a FIN: the peer must not take a cut-off stream for a complete one.
      for (const socket of [agent, upstream]) if (!socket.destroyed) socket.resetAndDestroy();
    };
    const onError = (cause: NodeJS.ErrnoException) => {
      error ??= cause.code ?? cause.message;
      cut();
    };
    const age = setTimeout(cut, maxAgeMs);
    const onClose = () => {
      open -= 1;
      if (open > 0) return;
      clearTimeout(age);
      signal.removeEventListener('abort', cut);
      resolve({ bytesUp: agent.bytesRead, bytesDown: upstream.bytesRead, ...(error === undefined ? {} : { error }) });
    };
    signal.addEventListener('abort', cut, { once: true });
    for (const socket of [agent, upstream]) {
      socket.on('error', onError);
      socket.setTimeout(idleMs, cut);
      // One that is closed already will not say so again.
      if (socket.closed) queueMicrotask(onClose);
      else socket.once('close', onClose);
      if (socket.destroyed) cut();
    }
    agent.pipe(upstream);
    if (direct === undefined) upstream.pipe(agent);
    else direct.flow(upstream, agent);
    if (signal.aborted) cut();
  });
}
