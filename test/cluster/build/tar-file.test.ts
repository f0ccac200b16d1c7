import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { tarFile } from './tar-file.ts';

const entries = [
  { path: 'bin/tool', content: Buffer.from('x'.repeat(700)), mode: 0o755 },
  { path: 'empty', content: Buffer.alloc(0), mode: 0o644 },
  { path: 'block', content: Buffer.alloc(512, 'y'), mode: 0o600 },
];

test('the machine’s tar lists what was written, with modes and sizes', () => {
  const listed = spawnSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', '-'], {
    input: tarFile(entries),
    encoding: 'utf8',
  });
  expect(listed.stderr).toBe('');
  expect(
    listed.stdout
      .trim()
      .split('\n')
      .map(line => line.split(/\s+/).filter((_word, at) => at !== 3 && at !== 4)),
  ).toEqual([
    ['-rwxr-xr-x', '0/0', '700', 'bin/tool'],
    ['-rw-r--r--', '0/0', '0', 'empty'],
    ['-rw-------', '0/0', '512', 'block'],
  ]);
});

test('the machine’s tar gives back every byte', () => {
  for (const { path, content } of entries) {
    const extracted = spawnSync('tar', ['--extract', '--to-stdout', '--file', '-', path], { input: tarFile(entries) });
    expect(extracted.stdout.equals(content)).toBe(true);
  }
});

test('a path that ustar cannot hold is refused', () => {
  expect(() => tarFile([{ path: 'a'.repeat(101), content: Buffer.alloc(0), mode: 0 }])).toThrow(
    /longer than 100 bytes/,
  );
});
