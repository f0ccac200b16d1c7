// A held connection, from the grant that is pushed to the connection that it releases, in the real sidecar and a pod-shaped
// namespace: resolving and dialling included.
import { startDataPath } from '../../attacks/data-path.ts';
import type { BenchContext } from '../bench.ts';
import { atMost, type Figure, quantile } from '../figure.ts';

const usualRounds = 200;
const warmUps = 5;
const holdMs = 30_000;

export async function measureHold({
  count,
  progress,
  signal,
}: BenchContext): Promise<Readonly<Record<string, Figure>>> {
  progress('held connections, in a namespace of their own');
  const path = await startDataPath('bh');
  try {
    await path.reset();
    await path.hub.apply({ policy: { holdMs } });
    const took: number[] = [];
    const rounds = count(usualRounds) + warmUps;
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted();
      const host = `h${round}.hold.test`;
      const agent = path.pod.start(['bash', '-c', `exec 3<>/dev/tcp/${host}/7; echo hello >&3; head -1 <&3`], {
        timeoutMs: holdMs,
      });
      await path.hub.waitFor('denial', frame => frame.host === host);
      const known = (await path.outside.connections(({ service }) => service === 'echo')).length;
      const pushedMs = Date.now();
      path.hub.push({ grants: [{ id: `apr-${round}`, host, port: 7 }] });
      await agent.result();
      const released = (await path.outside.connections(({ service }) => service === 'echo'))[known];
      if (released === undefined) throw new Error(`${host} was not released`);
      if (round >= warmUps) took.push(Math.max(0, released.atMs - pushedMs));
    }
    return { holdReleaseP99Ms: atMost(quantile(took, 0.99), 5, 'ms', took) };
  } finally {
    await path.close();
  }
}
