// Is NetworkPolicy enforced around this pod? The hub listens on a port that every policy of ours admits and on one that none
// does: reaching the second means that nothing stands outside the fence.
import { connect } from 'node:net';
import { type CanaryVerdict, judgeCanaries } from './judge-canaries.ts';

export interface Canaries {
  readonly address: string;
  readonly controlPort: number;
  readonly forbiddenPort: number;
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
    const verdict = await tryCanaries(canaries, round, signal);
    if (signal.aborted) return;
    if (verdict.enforced !== last) tell(verdict);
    last = verdict.enforced;
    const settled = verdict.enforced === 'True' || round >= firstRounds;
    await pause(settled ? laterEveryMs : firstEveryMs, signal);
  }
}

async function tryCanaries(canaries: Canaries, round: number, signal: AbortSignal): Promise<CanaryVerdict> {
  const { address, controlPort, forbiddenPort } = canaries;
  const [control, forbidden] = await Promise.all([
    reaches(address, controlPort, signal),
    reaches(address, forbiddenPort, signal),
  ]);
  return judgeCanaries({ control, forbidden }, round, canaries);
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
