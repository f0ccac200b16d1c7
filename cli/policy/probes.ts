// Requests that tell two compiled policies apart: for every rule of either, names, ports, binaries, methods and paths at
// which it could say something else. Exhaustive over what the rules name, not over all requests there are.

import type { RequestQuestion } from '../../engine/decide/request-evaluator.ts';
import type { CompiledRule, RequestPattern } from '../../protocol/snapshot.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Stands for any executable that no rule names. */
export const otherBinary = '(any other)';
/** Stands where a pattern has a star; no rule would write it. */
const anything = 'x-any-x';

interface Dimensions {
  readonly ports: Set<number>;
  readonly binaries: Set<string>;
  readonly paths: Set<string>;
  readonly methods: Set<string>;
  isInspected: boolean;
}

/** A probe's host or path as people write it. */
export function withStars(sample: string): string {
  return sample.replaceAll(anything, '*');
}

export function probesOf(rules: readonly CompiledRule[]): readonly RequestQuestion[] {
  const hosts = [...new Set(rules.flatMap(namesOf))];
  return hosts.flatMap(host => probesOfHost(host, dimensionsOf(rules.filter(rule => speaks(rule, host)))));
}

/** A wildcard by names that only it matches. */
function namesOf(rule: CompiledRule): string[] {
  const hosts = rule.hosts.flatMap(({ kind, name }) =>
    kind === 'exact'
      ? [name]
      : kind === 'label'
        ? [`${anything}.${name}`]
        : [`${anything}.${name}`, `${anything}.${anything}.${name}`],
  );
  const addresses = rule.cidrs.map(({ cidr }) => cidr.slice(0, cidr.indexOf('/')));
  return [...hosts, ...addresses, ...rule.services.flatMap(({ names }) => names.slice(-1))];
}

/** Generous: a dimension too many only costs probes. */
function speaks(rule: CompiledRule, host: string): boolean {
  return (
    rule.hosts.some(({ name }) => host === name || host.endsWith(`.${name}`)) ||
    rule.services.some(({ names }) => names.includes(host)) ||
    rule.cidrs.length > 0
  );
}

function dimensionsOf(rules: readonly CompiledRule[]): Dimensions {
  const inspected = rules.flatMap(({ inspection }) => inspection ?? []);
  const patterns = inspected.flatMap((block): readonly RequestPattern[] =>
    block.kind === 'HTTP' ? [...block.allow, ...block.deny] : [block.path === undefined ? {} : { path: block.path }],
  );
  return {
    ports: new Set(rules.flatMap(({ ports }) => (ports.length === 0 ? [443] : ports))),
    binaries: new Set([...rules.flatMap(({ binaries }) => binaries ?? []), otherBinary]),
    paths: new Set(['/', ...patterns.map(samplePath)]),
    methods: new Set([...methods, ...patterns.flatMap(pattern => pattern.methods ?? [])]),
    isInspected: inspected.length > 0,
  };
}

function samplePath({ path = '/', query = {} }: RequestPattern): string {
  const sampled = path
    .replace(/^\*\*$/, '/')
    .replaceAll('**', `${anything}/${anything}`)
    .replaceAll('*', anything);
  const search = Object.entries(query).map(([name, glob]) => `${name}=${glob.replaceAll('*', anything)}`);
  return search.length === 0 ? sampled : `${sampled}?${search.join('&')}`;
}

function probesOfHost(
  host: string,
  { ports, binaries, paths, methods: known, isInspected }: Dimensions,
): RequestQuestion[] {
  const connections = [...ports].flatMap(port => [...binaries].map(binary => ({ host, port, binary })));
  if (!isInspected) return connections;
  return connections.flatMap(connection =>
    [...paths].flatMap(path => [...known].map(method => ({ ...connection, method, path }))),
  );
}
