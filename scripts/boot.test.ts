// Two commands in a fresh clone at once: one installs, the other waits for it; a lock whose owner was killed holds nobody up.
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'cr-boot-'));
  for (const folder of ['scripts', 'bin']) mkdirSync(join(clone, folder));
  cpSync(join(import.meta.dirname, 'boot.mjs'), join(clone, 'scripts', 'boot.mjs'));
  writeFileSync(join(clone, 'package-lock.json'), '{}');
  writeFileSync(join(clone, 'main.ts'), "console.log('ran');\n");
  // In npm's place: notes that it ran, and that nobody else does meanwhile.
  const npm =
    '#!/bin/sh\nmkdir running || echo clash >> ran\necho install >> ran\nsleep 1\nmkdir -p node_modules\nrmdir running\n';
  writeFileSync(join(clone, 'bin', 'npm'), npm);
  chmodSync(join(clone, 'bin', 'npm'), 0o755);
});
afterEach(() => rmSync(clone, { recursive: true }));

const boot = () =>
  new Promise<{ readonly stdout: string; readonly stderr: string }>((resolve, reject) => {
    const env = { PATH: `${join(clone, 'bin')}:${process.env['PATH']}` };
    execFile(process.execPath, [join(clone, 'scripts', 'boot.mjs'), 'main.ts'], { env }, (error, stdout, stderr) =>
      error === null ? resolve({ stdout, stderr }) : reject(error),
    );
  });
const ran = () => readFileSync(join(clone, 'ran'), 'utf8');

test('four at once install once', async () => {
  const all = await Promise.all([boot(), boot(), boot(), boot()]);
  expect(all.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 4 }, () => 'ran\n'));
  expect(ran()).toBe('install\n');
  expect(all.filter(({ stderr }) => stderr.includes('waiting for another npm install')).length).toBeGreaterThan(0);
  expect(existsSync(join(clone, '.creel-installing'))).toBe(false);
});

test('a lock that a killed process has left is taken over', async () => {
  const { pid } = await new Promise<{ pid: number }>(resolve => {
    const child = execFile(process.execPath, ['-e', ''], () => resolve({ pid: child.pid ?? 0 }));
  });
  mkdirSync(join(clone, '.creel-installing'));
  writeFileSync(join(clone, '.creel-installing', 'pid'), String(pid));
  expect((await boot()).stdout).toBe('ran\n');
  expect(ran()).toBe('install\n');
});
