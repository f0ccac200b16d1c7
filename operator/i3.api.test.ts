import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'vitest';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { startVariant } from './testing/i3-variant.ts';
import { installOperator } from './testing/start-operator.ts';

const system = testNamespace('i3-system');
test('variants', async () => {
  const uninstall = await installOperator(system);
  const semi = '--max-semi-space-size=1';
  const variants: [string, Record<string, string>, string[]][] = [
    ['base', {}, [semi]],
    ['arena1', { MALLOC_ARENA_MAX: '1' }, [semi]],
    ['arena1+pool0', { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' }, [semi, '--v8-pool-size=0']],
    ['arena1+trim', { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '65536' }, [semi]],
    ['arena1+lite', { MALLOC_ARENA_MAX: '1' }, [semi, '--optimize-for-size']],
    ['arena1+nosparkplug', { MALLOC_ARENA_MAX: '1' }, [semi, '--jitless']],
  ];
  for (let round = 0; round < 2; round++)
    for (const [name, env, args] of variants) {
      const op = await startVariant(system, env, args);
      await sleep(8000);
      const t = readFileSync(`/proc/${op.process.pid}/smaps_rollup`, 'utf8');
      const mb = (f: string) => (Number(new RegExp(`^${f}:\\s+(\\d+)`, 'm').exec(t)?.[1]) / 1024).toFixed(1);
      process.stderr.write(
        `I3 ${name} anon ${mb('Anonymous')} dirty ${mb('Private_Dirty')} clean ${mb('Private_Clean')} rss ${mb('Rss')}\n`,
      );
      await op.stop('SIGTERM');
    }
  await uninstall();
}, 300_000);
