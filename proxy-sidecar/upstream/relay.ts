import type { Socket } from 'node:net';
import type { DirectReads } from './direct-reads.ts';

export interface Relayed {
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** The first error of either side, if one ended it. */
  readonly error?: string;
}

export interface RelayTimes {
  /** How often a tunnel is looked at: one timer for both of its bounds. */
  readonly lookMs: number;
  readonly silentLooks: number;
  readonly maxLooks: number;
}

/** An hour of silence, a day in all. */
const usualTimes: RelayTimes = { lookMs: 5 * 60 * 1000, silentLooks: 12, maxLooks: 288 };

/**
 * Carries bytes both ways with back-pressure and half-close until both sides have ended, one failed, both were silent for an
 * hour, a day has passed, or the signal aborts. Resolves when both sockets are closed.
 */
export function relay(
  agent: Socket,
  upstream: Socket,
  signal: AbortSignal,
  direct?: DirectReads,
  { lookMs, silentLooks, maxLooks } = usualTimes,
): Promise<Relayed> {
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
    let looks = 0;
    let silent = 0;
    let carried = -1;
    const timer = setInterval(() => {
      const now = agent.bytesRead + upstream.bytesRead;
      silent = now === carried ? silent + 1 : 0;
      carried = now;
      looks += 1;
      if (silent >= silentLooks || looks >= maxLooks) cut();
    }, lookMs);
    const onClose = () => {
      open -= 1;
      if (open > 0) return;
      clearInterval(timer);
      signal.removeEventListener('abort', cut);
      resolve({ bytesUp: agent.bytesRead, bytesDown: upstream.bytesRead, ...(error === undefined ? {} : { error }) });
    };
    signal.addEventListener('abort', cut, { once: true });
    for (const socket of [agent, upstream]) {
      socket.on('error', onError);
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
