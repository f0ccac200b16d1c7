// Connections of agents through the real HTTP side, as `test/differential` compares them: what upstream reads is what policy saw.
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { startComparingHttp1 } from '../../test/differential/compare-http1.ts';
import { startComparingHttp2 } from '../../test/differential/compare-http2.ts';
import { http1Wires } from '../../test/differential/http1-wires.ts';
import { http2Messages } from '../../test/differential/http2-fields.ts';
import { type Reader, startReaders } from '../../test/differential/start-reader.ts';
import type { Soak } from './soak.ts';

interface Target {
  /** Executions; throws what fast-check says. */
  readonly round: (seed: number) => Promise<void>;
  readonly close: () => unknown;
}

const runsPerRound = 200;
const timeout = 60_000;

const starters = {
  http1: async readers => {
    const comparing = await startComparingHttp1(readers);
    const property = fc.asyncProperty(http1Wires, async wire => void (await comparing.check(wire)));
    return { round: seed => fc.assert(property, { numRuns: runsPerRound, seed, timeout }), close: comparing.close };
  },
  'http2-to-http2': readers => startHttp2('h2', readers),
  'http2-to-http1': readers => startHttp2('h1', readers),
} satisfies Record<string, (readers: readonly Reader[]) => Promise<Target>>;

async function startHttp2(kind: 'h1' | 'h2', readers: readonly Reader[]): Promise<Target> {
  const comparing = await startComparingHttp2(kind, readers);
  const messages = fc.array(http2Messages, { minLength: 1, maxLength: 3 });
  const property = fc.asyncProperty(messages, async list => void (await comparing.check(list)));
  return { round: seed => fc.assert(property, { numRuns: runsPerRound, seed, timeout }), close: comparing.close };
}

export const differential: Soak = {
  targets: Object.keys(starters),
  async run({ names, seed, isOver }) {
    const readers = await startReaders();
    const counts = new Map(names.map(name => [name, 0]));
    const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0);
    const targets = new Map<string, Target>();
    for (const [name, start] of Object.entries(starters))
      if (names.includes(name)) targets.set(name, await start(readers));
    let failed = false;
    for (let round = 0; !failed && !isOver(total()); round++)
      for (const [name, target] of targets) {
        try {
          await target.round(seed + round);
          counts.set(name, (counts.get(name) ?? 0) + runsPerRound);
        } catch (error) {
          failed = true;
          process.stderr.write(`${name}: --seed ${seed + round}: ${String(error)}\n`);
          if (error instanceof Error && error.cause !== undefined) process.stderr.write(`${inspect(error.cause)}\n`);
        }
      }
    for (const target of targets.values()) await target.close();
    for (const reader of readers) reader.close();
    for (const [name, count] of counts) process.stdout.write(`${name.padEnd(16)} ${String(count).padStart(10)}\n`);
    return !failed;
  },
};
