#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
// kubectl finds this as `kubectl creel`. Plain JavaScript that an old Node can read, so that it can say it is too old.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const minimumMajor = 24;
const isCompletion = /kubectl_complete-creel(\.mjs)?$/.test(process.argv[1] ?? '');
if (isCompletion) process.argv.splice(2, 0, '__complete');

if (Number(process.versions.node.split('.')[0]) >= minimumMajor) {
  // Half of a start is compiling. In a folder of one's own: code that others could write would be run.
  const home = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  if (existsSync(home)) nodeModule.enableCompileCache(join(home, 'kubectl-creel'));
  await import('../dist/main.mjs');
} else startUnderBundledNode();

/** The npm packages node-PLATFORM-ARCH bring a runtime; installed beside this one, an old Node is no hindrance. */
function startUnderBundledNode() {
  const name = `node-${process.platform}-${process.arch}`;
  let node;
  try {
    node = nodeModule.createRequire(import.meta.url).resolve(`${name}/bin/node`);
  } catch {
    console.error(
      `error: kubectl creel needs Node ${minimumMajor} or newer, this is ${process.versions.node}\n` +
        `  try: npm install --global ${name}    # a runtime beside it\n` +
        '  try: the krew plugin, which brings its own',
    );
    process.exit(1);
  }
  const { status, signal } = spawnSync(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exit(signal ? 128 : (status ?? 1));
}
