// Starts a TypeScript entry point under the project's own Node, whatever Node runs this file (any >= 18):
// installs dependencies when package-lock.json changed since the last install, then hands over.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.creel-lock');
// Beside node_modules, which `npm ci` removes.
const lock = join(root, '.creel-installing');
const minimumMajor = 24;

const [entry, ...args] = process.argv.slice(2);
if (!entry) {
  console.error('boot: usage: node scripts/boot.mjs ENTRY.ts [ARGS...]');
  process.exit(2);
}

installWhenStale();
const node = projectNode();
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, entry), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 128 : (code ?? 1)));

function installWhenStale() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (isInstalled(wanted)) return;
  takeLock();
  try {
    // Whoever held the lock has most likely done it.
    if (!isInstalled(wanted)) install(wanted);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function isInstalled(wanted) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

/** Two `npm ci` at once take each other's files away: one installs, the others wait for it. */
function takeLock() {
  for (let waits = 0; ; waits++) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(lock);
    if (owner === 'gone') {
      // Renamed first: of several that see it, one takes it away; one that was taken anew meanwhile is put back.
      const stale = `${lock}.${process.pid}`;
      try {
        renameSync(lock, stale);
        if (ownerOf(stale) !== 'gone') renameSync(stale, lock);
      } catch (error) {
        if (!['ENOENT', 'EEXIST', 'ENOTEMPTY'].includes(error.code)) throw error;
      }
      rmSync(stale, { recursive: true, force: true });
      continue;
    }
    if (waits % 100 === 0)
      process.stderr.write(
        `creel: waiting for another npm install of this folder${owner ? ` (process ${owner})` : ''} ...\n`,
      );
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

/** Its process id, undefined while it is being written, 'gone' when that process has ended. */
function ownerOf(folder) {
  try {
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    // Between making the folder and writing the file a moment passes; a kill in between leaves it empty for good.
    if (!pid) return Date.now() - statSync(folder).mtimeMs > 10_000 ? 'gone' : undefined;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    if (error.code === 'ESRCH') return 'gone';
    if (error.code === 'EPERM') return 'of another user';
    if (error.code !== 'ENOENT') throw error;
    return existsSync(folder) && Date.now() - statSync(folder).mtimeMs > 10_000 ? 'gone' : undefined;
  }
}

function install(wanted) {
  process.stderr.write('creel: installing npm packages ...\n');
  const started = Date.now();
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) {
    rmSync(lock, { recursive: true, force: true });
    console.error(
      'creel: `npm ci` failed (its output is above). Fix the network or registry settings and run the same command again.',
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
  process.stderr.write(`creel: npm packages ready in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** The bundled runtime where the platform has one, else this Node if it is new enough. */
function projectNode() {
  const bundled = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(bundled)) return bundled;
  if (Number(process.versions.node.split('.')[0]) >= minimumMajor) return process.execPath;
  console.error(
    `creel: Node ${process.versions.node} is too old and no bundled runtime exists for ${process.platform}-${process.arch}; install Node >= ${minimumMajor}.`,
  );
  return process.exit(1);
}
