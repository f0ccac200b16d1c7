// Starts a TypeScript entry point under the project's own Node, whatever Node runs this file (any >= 18):
// installs dependencies when package-lock.json changed since the last install, then hands over.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.creel-lock');
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
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('creel: installing npm packages ...\n');
  const started = Date.now();
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) {
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
