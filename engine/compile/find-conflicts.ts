// Inspected and opaque rules on one host and port contradict each other: the opaque one would undo the inspection. Rules with as many
// peers as the schema lets in are compared within milliseconds: every tenant may send some, to the webhook and to the operator.
import type { CompiledRule, HostPattern } from '../../protocol/snapshot.ts';
import { type Cidr, formatCidr, maskIp, parseCidr } from '../canonical/cidr.ts';
import { formatHostPattern, patternMatches } from '../canonical/host-pattern.ts';

export interface Conflict {
  readonly a: string;
  readonly b: string;
  /** `host:port` both speak of. */
  readonly where: string;
}

/** Pairs of rule ids, in the order of the rules. */
export function findConflicts(rules: readonly CompiledRule[]): readonly Conflict[] {
  const allows = rules.filter(rule => rule.effect === 'Allow');
  const inspected = allows.filter(rule => !isOpaque(rule));
  const opaque = allows.filter(isOpaque);
  if (inspected.length === 0 || opaque.length === 0) return [];
  const index = indexOf(opaque);
  return inspected.flatMap(a => {
    const ports = new Map(opaque.flatMap(b => commonPort(a, b).map(port => [b, port] as const)));
    const found = new Map<CompiledRule, Conflict>();
    for (const { rule: b, peer } of peersLike(a, index)) {
      const port = ports.get(b);
      if (port === undefined) continue;
      found.set(b, { a: a.id, b: b.id, where: `${peer}:${port}` });
      ports.delete(b);
      if (ports.size === 0) break;
    }
    return opaque.flatMap(b => found.get(b) ?? []);
  });
}

function commonPort(a: CompiledRule, b: CompiledRule): number[] {
  return a.ports.filter(port => b.ports.includes(port)).slice(0, 1);
}

function* peersLike(rule: CompiledRule, index: PeerIndex): Generator<Common> {
  yield* hostsLike(rule, index);
  yield* blocksLike(rule, index);
  yield* servicesLike(rule, index);
}

function isOpaque({ protocol }: CompiledRule): boolean {
  return protocol === 'TLS' || protocol === 'TCP';
}

interface Common {
  readonly rule: CompiledRule;
  /** What both speak of. */
  readonly peer: string;
}

type Entries<T> = Map<string, { readonly rule: CompiledRule; readonly value: T }[]>;

interface PeerIndex {
  readonly byName: Entries<HostPattern>;
  /** Under each name it lies below. */
  readonly byParent: Entries<HostPattern>;
  readonly byBlock: Entries<Cidr>;
  /** Under each block that holds it. */
  readonly byOuter: Entries<Cidr>;
  readonly byService: Entries<string>;
}

function indexOf(rules: readonly CompiledRule[]): PeerIndex {
  const index: PeerIndex = {
    byName: new Map(),
    byParent: new Map(),
    byBlock: new Map(),
    byOuter: new Map(),
    byService: new Map(),
  };
  for (const rule of rules) {
    for (const value of hostsOf(rule)) {
      add(index.byName, value.name, { rule, value });
      for (const parent of parentsOf(value.name)) add(index.byParent, parent, { rule, value });
    }
    for (const value of blocksOf(rule)) {
      add(index.byBlock, formatCidr(value), { rule, value });
      for (const outer of outersOf(value)) add(index.byOuter, outer, { rule, value });
    }
    for (const value of servicesOf(rule)) add(index.byService, value, { rule, value });
  }
  return index;
}

function add<T>(entries: Entries<T>, key: string, entry: { rule: CompiledRule; value: T }): void {
  const present = entries.get(key);
  if (present === undefined) entries.set(key, [entry]);
  else present.push(entry);
}

/** Is there a name that both match? Then one's name is the other's, or lies below it. */
function* hostsLike(a: CompiledRule, { byName, byParent }: PeerIndex): Generator<Common> {
  for (const host of hostsOf(a)) {
    const candidates = [host.name, ...parentsOf(host.name)].flatMap(name => byName.get(name) ?? []);
    for (const { rule, value } of [...candidates, ...(host.kind === 'exact' ? [] : (byParent.get(host.name) ?? []))])
      if (patternsOverlap(host, value)) yield { rule, peer: formatHostPattern(narrower(host, value)) };
  }
}

function* blocksLike(a: CompiledRule, { byBlock, byOuter }: PeerIndex): Generator<Common> {
  for (const block of blocksOf(a)) {
    const text = formatCidr(block);
    const holding = [text, ...outersOf(block)].flatMap(outer => byBlock.get(outer) ?? []);
    for (const { rule } of [...holding, ...(byOuter.get(text) ?? [])]) yield { rule, peer: text };
  }
}

function* servicesLike(a: CompiledRule, { byService }: PeerIndex): Generator<Common> {
  for (const peer of servicesOf(a)) for (const { rule } of byService.get(peer) ?? []) yield { rule, peer };
}

/** Each once. */
function hostsOf({ hosts }: CompiledRule): Iterable<HostPattern> {
  return new Map(hosts.map(host => [formatHostPattern(host), host])).values();
}

function parentsOf(name: string): string[] {
  const labels = name.split('.');
  return labels.slice(1).map((_, at) => labels.slice(at + 1).join('.'));
}

function blocksOf({ cidrs }: CompiledRule): Cidr[] {
  return [...new Set(cidrs.map(({ cidr }) => cidr))].flatMap(cidr => {
    const parsed = parseCidr(cidr);
    return parsed.ok ? [parsed.cidr] : [];
  });
}

/** Every wider block that holds it. */
function outersOf({ base, prefix }: Cidr): string[] {
  return Array.from({ length: prefix }, (_, shorter) => formatCidr({ base: maskIp(base, shorter), prefix: shorter }));
}

function servicesOf({ services }: CompiledRule): string[] {
  return services.map(({ namespace, service }) => `${service}.${namespace}`);
}

function patternsOverlap(a: HostPattern, b: HostPattern): boolean {
  if (a.kind === 'exact') return patternMatches(b, a.name);
  if (b.kind === 'exact') return patternMatches(a, b.name);
  if (a.name === b.name) return true;
  if (a.kind === 'depth' && b.name.endsWith(`.${a.name}`)) return true;
  return b.kind === 'depth' && a.name.endsWith(`.${b.name}`);
}

function narrower(a: HostPattern, b: HostPattern): HostPattern {
  const rank = { exact: 0, label: 1, depth: 2 };
  return rank[a.kind] - rank[b.kind] || b.name.length - a.name.length ? (rank[a.kind] <= rank[b.kind] ? a : b) : a;
}
