// Which requests one set of policies lets through and the other does not: verdicts compared, not text.

import { createEvaluator, type Evaluation, type RequestQuestion } from '../../engine/decide/request-evaluator.ts';
import type { CompiledSet } from './compile-set.ts';
import { otherBinary, probesOf, withStars } from './probes.ts';

type Verdict = 'Allow' | 'Ask' | 'Deny';

export interface Change {
  readonly effect: 'Widens' | 'Narrows';
  readonly host: string;
  readonly port: number;
  readonly binary: string;
  /** Empty where connections are opaque. */
  readonly methods: readonly string[];
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

const rank: Readonly<Record<Verdict, number>> = { Deny: 0, Ask: 1, Allow: 2 };

export function diffPolicies(before: CompiledSet, after: CompiledSet, nowMs: number): readonly Change[] {
  const probes = probesOf([...before.policy.rules, ...after.policy.rules]);
  const evaluateBefore = createEvaluator(before.policy, before.grants, nowMs);
  const evaluateAfter = createEvaluator(after.policy, after.grants, nowMs);
  const changes = new Map<string, Change>();
  for (const probe of probes) {
    const [old, now] = [evaluateBefore(probe), evaluateAfter(probe)];
    if (say(old) === say(now)) continue;
    const change = toChange(probe, say(old), say(now), rank[now.verdict] - rank[old.verdict]);
    const { methods, ...rest } = change;
    const key = JSON.stringify(rest);
    changes.set(key, { ...change, methods: [...(changes.get(key)?.methods ?? []), ...methods] });
  }
  return withoutRepeats([...changes.values()]);
}

/** Opaque and inspected permission differ: what was looked into is no longer, or the other way round. */
function say({ verdict, protocol, open }: Evaluation): string {
  if (verdict !== 'Allow') return verdict;
  if (open === 'Body') return 'Allow by body';
  return protocol === 'HTTP' || protocol === undefined ? 'Allow' : `Allow ${protocol}`;
}

/** At the same verdict, opaque is wider than inspected. */
function toChange(probe: RequestQuestion, before: string, after: string, by: number): Change {
  const isWider = by === 0 ? openness(after) > openness(before) : by > 0;
  const { host, port, method, path = '', binary = '' } = probe;
  const methods = method === undefined ? [] : [method];
  const place = { host: withStars(host), port, binary, methods, path: withStars(path) };
  return { effect: isWider ? 'Widens' : 'Narrows', ...place, before, after };
}

function openness(said: string): number {
  return ['Allow by body', 'Allow', 'Allow TLS', 'Allow TCP'].indexOf(said);
}

/** What changes alike for every executable is said once. */
function withoutRepeats(changes: readonly Change[]): readonly Change[] {
  const byRequest = Map.groupBy(changes, ({ binary: _binary, ...rest }) => JSON.stringify(rest));
  const kept = [...byRequest.values()].flatMap(group => group.find(({ binary }) => binary === otherBinary) ?? group);
  return kept.toSorted((a, b) => b.effect.localeCompare(a.effect) || a.host.localeCompare(b.host) || a.port - b.port);
}
