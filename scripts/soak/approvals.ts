// The stories of approvals with an operator or a sidecar that is killed, again and again: the same tests as `npm test` runs three times.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Soak } from './soak.ts';

const root = join(import.meta.dirname, '../..');
/** Stories of each crash point a round. */
const rounds = 6;
const files = {
  crashes: { project: 'api', path: 'operator/hub/approval-crashes' },
  uses: { project: 'netns', path: 'test/attacks/grant-uses' },
} as const;

export const approvals: Soak = {
  targets: Object.keys(files),
  async run({ names, isOver }) {
    const counts = new Map(names.map(name => [name, 0]));
    const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0);
    let failed = false;
    while (!failed && !isOver(total()))
      for (const [name, { project, path }] of Object.entries(files)) {
        if (!names.includes(name)) continue;
        failed ||= !(await runTests(project, path));
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    for (const [name, count] of counts) process.stdout.write(`${name.padEnd(16)} ${String(count).padStart(10)}\n`);
    return !failed;
  },
};

function runTests(project: string, path: string): Promise<boolean> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const env = { ...process.env, CREEL_CRASH_ROUNDS: String(rounds) };
  const child = spawn(process.execPath, [vitest, 'run', '--project', project, path], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', code => resolve(code === 0)));
}
