import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildProgram } from './build-program.ts';
import type { CommandContext } from './commands/command-context.ts';
import { helpPage } from './help-page.ts';

const page = helpPage(buildProgram(() => ({}) as CommandContext));
const file = join(import.meta.dirname, '../docs/cli.md');

test('docs/cli.md is what the program says (CREEL_UPDATE=1 writes it)', () => {
  if (process.env['CREEL_UPDATE'] === '1') writeFileSync(file, page);
  expect(readFileSync(file, 'utf8')).toBe(page);
});

const sections = page.split('\n### ').slice(1);

test.each(sections.map(section => [section.split('\n')[0] ?? '', section]))('%s has an example', (_name, section) => {
  expect(section).toMatch(/Examples?:\n {2}(# .*\n {2})?kubectl creel /);
});

test('no help is wider than 80 columns, but for the examples, which are copied', () => {
  const lines = sections.flatMap(section => section.split(/\nExamples?:/)[0]?.split('\n') ?? []);
  expect(lines.filter(line => line.length > 80 && !line.startsWith('Usage:'))).toEqual([]);
});
