// `npm test`: every tier in order, a line per tier with what it took, and one closing line that counts.
//   npm test                         all tiers
//   npm test -- --tier unit,api      some
//   npm test -- PATH...              only these files, in whichever tier they belong to
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ClusterError } from '../../test/cluster/base/cluster-error.ts';
import { stderrProgress } from '../../test/cluster/base/progress.ts';
import { ensureCriBinaries } from '../../test/cluster/build/cri-binaries.ts';
import { ensureDebianPackages } from '../../test/cluster/build/debian-packages.ts';
import { ensureKubeBinaries } from '../../test/cluster/build/kube-binaries.ts';
import { refuseRealNetwork } from '../../test/cluster/wants-real-network.ts';
import { ensureJudge } from '../../test/gitops/ensure-judge.ts';
import { buildImages } from '../images/build-images.ts';

const root = dirname(dirname(import.meta.dirname));
const tiers = ['go', 'unit', 'netns', 'api', 'kubelet'] as const;
type Tier = (typeof tiers)[number];

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
interface TierResult extends Count {
  readonly tier: Tier;
  readonly ms: number;
  /** Set when the tier could not run here: the reason, said loudly. */
  readonly notRun?: string;
}

const building = { progress: stderrProgress, signal: new AbortController().signal };

/** Minutes on a cold machine, nothing on a warm one: done here, where no test's or hook's time-out is running. */
const builds: Partial<Record<Tier, () => Promise<unknown>>> = {
  netns: () => ensureKubeBinaries(building),
  api: async () => {
    await ensureKubeBinaries(building);
    await ensureJudge(building);
  },
  kubelet: async () => {
    await ensureKubeBinaries(building);
    await ensureCriBinaries(building);
    await buildImages(['operator', 'sidecar', 'agent-tools'], building);
  },
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { tier: { type: 'string' } } });
const wanted = values.tier === undefined ? tiers : values.tier.split(',').map(parseTier);
refuseOpenNetwork();
const scratch = mkdtempSync(join(tmpdir(), 'creel-test-'));
const started = Date.now();
const results: TierResult[] = [];
try {
  await provideTools();
  for (const tier of wanted) results.push(await runTier(tier));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
report(results);

function refuseOpenNetwork(): void {
  try {
    refuseRealNetwork();
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    process.stderr.write(`npm test: ${error.message}\n`);
    process.exit(2);
  }
}

function parseTier(name: string): Tier {
  const tier = tiers.find(known => known === name);
  if (tier) return tier;
  process.stderr.write(`npm test: --tier ${name} is unknown; choose from ${tiers.join(', ')}\n`);
  return process.exit(2);
}

/** False when something could not be built; it has said why. */
async function build(tier: Tier): Promise<boolean> {
  try {
    await builds[tier]?.();
    return true;
  } catch (error) {
    process.stderr.write(`npm test: ${tier}: ${error instanceof Error ? error.message : String(error)}\n`);
    return false;
  }
}

/** What tests of every tier call; what only a cluster or an image needs is installed where it is made. */
async function provideTools(): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  const tools = ['curl', 'gcc', 'git', 'iproute2', 'libc6-dev', 'nftables', 'openssl', 'procps', 'tmux', 'util-linux'];
  try {
    await ensureDebianPackages(tools, building);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    process.stderr.write(`npm test: ${error.message}\n`);
  }
}

async function runTier(tier: Tier): Promise<TierResult> {
  const begun = Date.now();
  const obstacle = obstacleTo(tier);
  if (obstacle) {
    process.stdout.write(`\n### ${tier}: NOT RUN: ${obstacle}\n`);
    return { tier, passed: 0, failed: 0, skipped: 1, ms: 0, notRun: obstacle };
  }
  process.stdout.write(`\n### ${tier}\n`);
  if (!(await build(tier))) return { tier, passed: 0, failed: 1, skipped: 0, ms: Date.now() - begun };
  const count = tier === 'go' ? await runGo() : await runVitest(tier);
  return { tier, ...count, ms: Date.now() - begun };
}

/** Why this machine cannot run the tier, or undefined. In CI a tier that cannot run is a failure, not a skip. */
function obstacleTo(tier: Tier): string | undefined {
  if (tier === 'go' && positionals.length > 0) return 'paths were given';
  if (tier === 'unit' || tier === 'go') return undefined;
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'it makes network namespaces and needs root: sudo npm test';
  return undefined;
}

async function runVitest(tier: Tier): Promise<Count> {
  const json = join(scratch, `${tier}.json`);
  const vitest = join(root, 'node_modules', '.bin', 'vitest');
  const code = await run(vitest, [
    'run',
    '--project',
    tier,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${json}`,
    ...positionals,
  ]);
  const parsed = readReport(json);
  // A crash outside any test (a global setup that failed, an unhandled rejection) fails no test but must fail the tier.
  return code !== 0 && parsed.failed === 0 ? { ...parsed, failed: 1 } : parsed;
}

function readReport(file: string): Count {
  try {
    const counts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
    return {
      passed: counts['numPassedTests'] ?? 0,
      failed: counts['numFailedTests'] ?? 0,
      skipped: (counts['numPendingTests'] ?? 0) + (counts['numTodoTests'] ?? 0),
    };
  } catch (error) {
    process.stderr.write(`npm test: vitest left no report (${String(error)})\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function runGo(): Promise<Count> {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const code = await run('go', ['test', '-json', './...'], join(root, 'launcher'), line => {
    const event = parseLine(line);
    if (event === undefined) process.stdout.write(`${line}\n`);
    else if (event.Test && event.Action === 'pass') passed++;
    else if (event.Test && event.Action === 'skip') skipped++;
    else if (event.Test && event.Action === 'fail') failed++;
    if (event?.Action === 'output' && /^\s*(--- (FAIL|SKIP)|panic:|\S+_test\.go:)/.test(event.Output ?? ''))
      process.stdout.write(event.Output ?? '');
  });
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped };
}

interface GoEvent {
  readonly Action: string;
  readonly Test?: string;
  readonly Output?: string;
}
function parseLine(line: string): GoEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  return JSON.parse(line) as GoEvent;
}

function run(command: string, args: readonly string[], cwd = root, onLine?: (line: string) => void): Promise<number> {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', onLine ? 'pipe' : 'inherit', 'inherit'],
      env: { ...process.env, GOFLAGS: '-buildvcs=false' },
    });
    let rest = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine?.(line);
    });
    child.on('error', error => {
      process.stderr.write(`npm test: cannot start ${command}: ${String(error)}\n`);
      resolve(127);
    });
    child.on('close', code => resolve(code ?? 1));
  });
}

function report(all: readonly TierResult[]): void {
  process.stdout.write('\n');
  for (const { tier, passed, failed, skipped, ms, notRun } of all) {
    const what = notRun ? `NOT RUN: ${notRun}` : `${passed} passed, ${failed} failed, ${skipped} skipped`;
    process.stdout.write(`${tier.padEnd(8)} ${`${(ms / 1000).toFixed(1)} s`.padStart(9)}  ${what}\n`);
  }
  const total = (pick: (result: TierResult) => number) => all.reduce((sum, result) => sum + pick(result), 0);
  const missing = process.env['CI'] ? all.filter(result => result.notRun && positionals.length === 0).length : 0;
  const failed = total(result => result.failed) + missing;
  const passed = total(result => result.passed);
  process.stdout.write(`total    ${((Date.now() - started) / 1000).toFixed(1).padStart(7)} s\n`);
  process.stdout.write(`${passed} passed, ${failed} failed, ${total(result => result.skipped)} skipped\n`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}
