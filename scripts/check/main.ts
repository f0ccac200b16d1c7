// The gate of every commit: everything that can be said about the tree without running it, in under a minute.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd?: string;
  /** What to type when it fails. */
  readonly remedy: string;
}

const steps: readonly Step[] = [
  { name: 'types', command: [bin('tsc'), '-p', '.'], remedy: 'npx tsc -p .' },
  { name: 'format', command: [bin('biome'), 'check', '.'], remedy: 'npx biome check --write .' },
  {
    name: 'lint (type-aware)',
    command: [bin('oxlint'), '--type-aware', '--deny-warnings', '.'],
    remedy: 'npx oxlint --type-aware --fix .',
  },
  {
    name: 'generated files',
    command: [process.execPath, join(root, 'scripts/generate/main.ts'), '--check'],
    remedy: 'npm run generate',
  },
  { name: 'dead code', command: [bin('knip'), '--no-progress'], remedy: 'delete what the list names, or use it' },
  {
    name: 'layering and safety',
    command: [bin('vitest'), 'run', '--project', 'unit', 'test/safety', '--reporter=dot'],
    remedy: 'npx vitest run --project unit test/safety',
  },
  {
    name: 'launcher (go vet)',
    command: ['go', 'vet', './...'],
    cwd: 'launcher',
    remedy: 'cd launcher && go vet ./...',
  },
];

interface Outcome {
  readonly step: Step;
  readonly code: number;
  readonly output: string;
  readonly ms: number;
}

const started = Date.now();
const outcomes = await runAll(steps, 2);
const failed = outcomes.filter(outcome => outcome.code !== 0);
for (const { step, output } of failed)
  process.stdout.write(`\n--- ${step.name}\n${output.trimEnd()}\n    try: ${step.remedy}\n`);
process.stdout.write(
  `\ncheck: ${failed.length === 0 ? 'ok' : `${failed.length} of ${steps.length} failed`} in ${seconds(Date.now() - started)}\n`,
);
process.exit(failed.length === 0 ? 0 : 1);

async function runAll(todo: readonly Step[], atOnce: number): Promise<Outcome[]> {
  const queue = [...todo];
  const done: Outcome[] = [];
  const worker = async () => {
    for (let step = queue.shift(); step; step = queue.shift()) {
      const outcome = await runStep(step);
      done.push(outcome);
      process.stdout.write(`${outcome.code === 0 ? 'ok  ' : 'FAIL'} ${step.name.padEnd(22)} ${seconds(outcome.ms)}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done;
}

function runStep(step: Step): Promise<Outcome> {
  const begun = Date.now();
  const [command, ...args] = step.command as [string, ...string[]];
  const cwd = join(root, step.cwd ?? '.');
  if (!existsSync(cwd)) return Promise.resolve({ step, code: 1, output: `${cwd} does not exist`, ms: 0 });
  return new Promise(resolve => {
    let output = '';
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, GOFLAGS: '-buildvcs=false' },
    });
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', error => resolve({ step, code: 127, output: String(error), ms: Date.now() - begun }));
    child.on('close', code => resolve({ step, code: code ?? 1, output, ms: Date.now() - begun }));
  });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
