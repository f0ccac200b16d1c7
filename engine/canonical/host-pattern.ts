// Patterns of hosts in rules: a name, `*.name` (exactly one label before it) or `**.name` (one or more).
import type { HostPattern } from '../../protocol/snapshot.ts';
import { type HostProblem, parseHost } from './host.ts';

export type ParsedHostPattern =
  | { readonly ok: true; readonly pattern: HostPattern }
  | { readonly ok: false; readonly problem: HostProblem | 'IsAddress' | 'BadWildcard' };

const prefixes = [
  ['**.', 'depth'],
  ['*.', 'label'],
] as const;

/** Wildcards only as the whole first label; whether one sits under a public suffix is the compiler's question. */
export function parseHostPattern(text: string): ParsedHostPattern {
  const [prefix, kind] = prefixes.find(([star]) => text.startsWith(star)) ?? (['', 'exact'] as const);
  const rest = text.slice(prefix.length);
  if (rest.includes('*')) return { ok: false, problem: 'BadWildcard' };
  const host = parseHost(rest);
  if (host.kind === 'invalid') return { ok: false, problem: host.problem };
  if (host.kind === 'ip') return { ok: false, problem: 'IsAddress' };
  return { ok: true, pattern: { kind, name: host.name } };
}

export function formatHostPattern(pattern: HostPattern): string {
  return `${{ exact: '', label: '*.', depth: '**.' }[pattern.kind]}${pattern.name}`;
}

export function patternMatches(pattern: HostPattern, name: string): boolean {
  if (pattern.kind === 'exact') return name === pattern.name;
  if (!name.endsWith(`.${pattern.name}`)) return false;
  return pattern.kind === 'depth' || !name.slice(0, -pattern.name.length - 1).includes('.');
}
