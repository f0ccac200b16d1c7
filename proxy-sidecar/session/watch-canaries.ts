// Is NetworkPolicy enforced around this pod? The hub listens on a port that every policy of ours admits and on one that none
// does: reaching the second means that nothing stands outside the fence.
import { connect } from 'node:net';

export interface Canaries {
  readonly address: string;
  readonly controlPort: number;
  readonly forbiddenPort: number;
}

export interface CanaryVerdict {
  readonly enforced: 'True' | 'False' | 'Unknown';
  readonly message: string;
}

const attemptMs = 2000;
const firstEveryMs = 1000;
const firstRounds = 15;
const laterEveryMs = 10 * 60 * 1000;

/** Tells each verdict that differs from the last one, until the signal aborts. A CNI may need a while: asked often at first. */
export async function watchCanaries(
  canaries: Canaries,
  tell: (verdict: CanaryVerdict) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = '';
  for (let round = 0; !signal.aborted; round++) {
    const verdict = await tryCanaries(canaries, signal);
    if (signal.aborted) return;
    if (verdict.enforced !== last) tell(verdict);
    last = verdict.enforced;
    const settled = verdict.enforced === 'True' || round >= firstRounds;
    await pause(settled ? laterEveryMs : firstEveryMs, signal);
  }
}

async function tryCanaries(
  { address, controlPort, forbiddenPort }: Canaries,
  signal: AbortSignal,
): Promise<CanaryVerdict> {
  const [control, forbidden] = await Promise.all([
    reaches(address, controlPort, signal),
    reaches(address, forbiddenPort, signal),
  ]);
  if (forbidden)
    return {
      enforced: 'False',
      message: `port ${forbiddenPort} of the hub, which no NetworkPolicy admits, is reachable: the cluster's CNI does not enforce NetworkPolicy`,
    };
  if (!control)
    return {
      enforced: 'Unknown',
      message: `the hub's own port ${controlPort} at ${address} is not reachable, so nothing can be concluded`,
    };
  return { enforced: 'True', message: 'the port that is admitted is reachable and the other one is not' };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener('abort', done, { once: true });
  });
}

function reaches(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]) });
    const settle = (reached: boolean) => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => settle(true));
    socket.on('error', () => settle(false));
  });
}
