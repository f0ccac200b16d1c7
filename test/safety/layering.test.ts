import { isBuiltin } from 'node:module';
import { describe, expect, test } from 'vitest';
import { type Import, importsOf, listFiles } from './tree.ts';

/** Who may import whom, by top folder. A folder may always import itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  crds: [],
  protocol: ['crds'],
  engine: ['crds', 'protocol'],
  kube: ['crds', 'protocol', 'engine'],
  operator: ['crds', 'protocol', 'engine', 'kube'],
  'proxy-sidecar': ['crds', 'protocol', 'engine'],
  webhook: ['crds', 'protocol', 'engine', 'kube'],
  cli: ['crds', 'protocol', 'engine'],
  launcher: [],
};
/** What "no IO" means: parsing and hashing are computations, everything else of node's is an effect. */
const pureBuiltins = new Set(['node:crypto', 'node:util', 'node:buffer', 'node:url', 'node:assert']);

const isTest = (path: string) => /\.test\.tsx?$|\/testing\//.test(path);
const sources = listFiles().filter(path => /\.tsx?$/.test(path) && !isTest(path));
const top = (path: string) => path.split('/')[0] ?? '';

export function findViolations(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to, relative }) => {
    if (!relative || top(from) === top(to)) return [];
    const targets = allowed[top(from)];
    return targets === undefined || targets.includes(top(to))
      ? []
      : [`${from} imports ${to}: ${top(from)} may import only ${targets.join(', ') || 'itself'}`];
  });
}

describe('imports point one way', () => {
  test('the rule catches a controller that imports the sidecar', () => {
    expect(findViolations([{ from: 'operator/a.ts', to: 'proxy-sidecar/b.ts', relative: true }])).toHaveLength(1);
  });
  test('no folder imports one it must not know', () => {
    expect(sources.length).toBeGreaterThan(5);
    expect(findViolations(sources.flatMap(importsOf))).toEqual([]);
  });
});

describe('pure code imports no IO', () => {
  const pure = sources.filter(path => path.startsWith('engine/') || /\/plan\.ts$|\/rules\//.test(path));
  test.each(pure.map(path => [path]))('%s', path => {
    const effects = importsOf(path).filter(
      ({ to, relative }) => !relative && isBuiltin(to) && !pureBuiltins.has(to.startsWith('node:') ? to : `node:${to}`),
    );
    expect(effects).toEqual([]);
  });
});

test('the sidecar has no runtime dependency', () => {
  const seen = new Set<string>();
  const outside: string[] = [];
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { to, relative } of importsOf(path)) {
      if (relative) visit(to);
      else if (!isBuiltin(to)) outside.push(`${path} → ${to}`);
    }
  };
  for (const path of sources.filter(source => source.startsWith('proxy-sidecar/') && !source.includes('/native/')))
    visit(path);
  expect(outside).toEqual([]);
});
