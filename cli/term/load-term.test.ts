import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '..', 'main.ts');
/** Ends the program when it resolves one of the terminal UI's packages. */
const tripwire = `data:text/javascript,
import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (/^(ink|react|esbuild|string-width)(\\/|$)/.test(name)) { console.error('loaded ' + name); process.exit(42); }
  return next(name, context);
} });`.replaceAll('\n', ' ');

function run(args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
  return spawnSync(process.execPath, [`--import=${tripwire}`, main, ...args], { env, encoding: 'utf8' });
}

test.each([[['--help']], [['term', '--help']], [['status']], [['approvals', '--watch']]])(
  '%j pays for neither react nor ink',
  args => {
    const { status, stderr } = run(args);
    expect(stderr).not.toContain('loaded');
    expect(status).not.toBe(42);
  },
  60_000,
);

test('the tripwire goes off where they are loaded', () => {
  const load = join(import.meta.dirname, 'load-term.ts');
  const { status, stderr } = spawnSync(
    process.execPath,
    [`--import=${tripwire}`, '--eval', `import(${JSON.stringify(load)}).then(({ loadTerm }) => loadTerm(process.env))`],
    { encoding: 'utf8' },
  );
  expect(stderr).toContain('loaded');
  expect(status).toBe(42);
}, 60_000);
