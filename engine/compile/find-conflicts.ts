// Inspected and opaque rules on one host and port contradict each other: the opaque one would undo the inspection.
import type { CompiledRule, HostPattern } from '../../protocol/snapshot.ts';
import { cidrsOverlap, parseCidr } from '../canonical/cidr.ts';
import { formatHostPattern, patternMatches } from '../canonical/host-pattern.ts';

export interface Conflict {
  readonly a: string;
  readonly b: string;
  /** `host:port` both speak of. */
  readonly where: string;
}

/** Pairs of rule ids. Quadratic only among rules that share a port and differ in kind. */
export function findConflicts(rules: readonly CompiledRule[]): readonly Conflict[] {
  const allows = rules.filter(rule => rule.effect === 'Allow');
  const inspected = allows.filter(rule => !isOpaque(rule));
  const opaque = allows.filter(isOpaque);
  return inspected.flatMap(a => opaque.flatMap(b => conflictOf(a, b) ?? []));
}

function isOpaque({ protocol }: CompiledRule): boolean {
  return protocol === 'TLS' || protocol === 'TCP';
}

function conflictOf(a: CompiledRule, b: CompiledRule): Conflict | undefined {
  const port = a.ports.find(candidate => b.ports.includes(candidate));
  if (port === undefined) return undefined;
  const peer = commonHost(a, b) ?? commonBlock(a, b) ?? commonService(a, b);
  return peer === undefined ? undefined : { a: a.id, b: b.id, where: `${peer}:${port}` };
}

function commonHost(a: CompiledRule, b: CompiledRule): string | undefined {
  for (const left of a.hosts)
    for (const right of b.hosts) if (patternsOverlap(left, right)) return formatHostPattern(narrower(left, right));
  return undefined;
}

/** Is there a name that both match? */
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

function commonBlock(a: CompiledRule, b: CompiledRule): string | undefined {
  for (const left of a.cidrs)
    for (const right of b.cidrs) {
      const [one, other] = [parseCidr(left.cidr), parseCidr(right.cidr)];
      if (one.ok && other.ok && cidrsOverlap(one.cidr, other.cidr)) return left.cidr;
    }
  return undefined;
}

function commonService(a: CompiledRule, b: CompiledRule): string | undefined {
  const names = new Set(a.services.map(({ namespace, service }) => `${service}.${namespace}`));
  return b.services.map(({ namespace, service }) => `${service}.${namespace}`).find(name => names.has(name));
}
