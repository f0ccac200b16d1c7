// What every generated CRD promises the API server: bounds everywhere, no pattern that RE2 lacks, unknown fields kept in rules alone.
import { describe, expect, test } from 'vitest';
import { kinds } from '../../crds/schema/kinds.ts';
import { structuralSchema } from './structural-schema.ts';

type Node = Readonly<Record<string, unknown>>;
interface Place {
  readonly path: string;
  readonly node: Node;
}

const places = kinds.flatMap(({ kind, schema }) =>
  (['spec', 'status'] as const).flatMap(part => walk(`${kind}.${part}`, structuralSchema(schema.shape[part]))),
);

describe('every node of every kind', () => {
  test('there are hundreds', () => expect(places.length).toBeGreaterThan(300));

  test('strings have a bound', () => {
    const free = places.filter(
      ({ node }) => node['type'] === 'string' && node['maxLength'] === undefined && node['enum'] === undefined,
    );
    expect(pathsOf(free)).toEqual([]);
  });

  test('lists have a bound', () => {
    expect(pathsOf(places.filter(({ node }) => node['type'] === 'array' && node['maxItems'] === undefined))).toEqual(
      [],
    );
  });

  test('maps have a bound', () => {
    const maps = places.filter(({ node }) => typeof node['additionalProperties'] === 'object');
    expect(maps.length).toBeGreaterThan(3);
    expect(pathsOf(maps.filter(({ node }) => node['maxProperties'] === undefined))).toEqual([]);
  });

  test('patterns are RE2: no look-around, no back reference, no \\u', () => {
    const patterns = places.filter(({ node }) => node['pattern'] !== undefined);
    expect(patterns.length).toBeGreaterThan(30);
    expect(pathsOf(patterns.filter(({ node }) => /\(\?[=!<]|\\[1-9u]/.test(String(node['pattern']))))).toEqual([]);
  });

  test('unknown fields are kept in the rules of policies and nowhere else', () => {
    const kept = pathsOf(places.filter(({ node }) => node['x-kubernetes-preserve-unknown-fields'] === true));
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.filter(path => !/\.(allow|deny|baseline)\[\]/.test(path))).toEqual([]);
    const rules = pathsOf(
      places.filter(({ path, node }) => /\.(allow|deny|baseline)\[\]/.test(path) && isObject(node)),
    );
    expect(rules.filter(path => !kept.includes(path) && !path.endsWith('secretRef'))).toEqual([]);
  });

  test('nothing says additionalProperties: false, which no API server knows', () => {
    expect(pathsOf(places.filter(({ node }) => node['additionalProperties'] === false))).toEqual([]);
  });
});

function isObject(node: Node): boolean {
  return node['type'] === 'object' && node['properties'] !== undefined;
}

function walk(path: string, node: Node): Place[] {
  const properties = Object.entries((node['properties'] ?? {}) as Record<string, Node>);
  const below = [
    ...properties.map(([name, child]) => [`${path}.${name}`, child] as const),
    ...(['items', 'additionalProperties'] as const)
      .filter(key => typeof node[key] === 'object')
      .map(key => [`${path}[]`, node[key] as Node] as const),
  ];
  return [{ path, node }, ...below.flatMap(([childPath, child]) => walk(childPath, child))];
}

function pathsOf(found: readonly Place[]): string[] {
  return found.map(({ path }) => path);
}
