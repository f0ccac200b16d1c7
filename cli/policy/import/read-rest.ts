// protocol: rest. Rules become http.allow, deny_rules http.deny.
import { Fields } from './fields.ts';
import type { Findings } from './finding.ts';
import type { Located } from './located.ts';
import { isAnyPath, narrowPath, pathProblem } from './read-paths.ts';
import type { RequestDraft, RuleBlock } from './rule-draft.ts';

const presets = {
  'read-only': { access: 'ReadOnly', methods: ['GET', 'HEAD', 'OPTIONS'] },
  'read-write': { access: 'ReadWrite', methods: ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH'] },
  full: { access: 'Full', methods: undefined },
} as const;
export type Access = keyof typeof presets;

export interface EndpointRules {
  readonly access: Access | undefined;
  /** Contents of `allow`. */
  readonly rules: readonly Fields[];
  readonly denyRules: readonly Located[];
  /** The endpoint's path selector. */
  readonly path: string;
}

export function readRest({ access, rules, denyRules, path }: EndpointRules, findings: Findings): RuleBlock | undefined {
  const denied = denyRules.flatMap(item => {
    const fields = Fields.of(item, findings);
    return fields === undefined ? [] : [readRequest(fields, path, 'Deny', findings)];
  });
  // Half of a deny list would let through what the file denies.
  if (denied.includes(undefined)) return undefined;
  const deny = denied.flatMap(one => one ?? []);
  const withDeny = deny.length > 0 ? { deny } : {};
  if (access !== undefined) {
    const { access: preset, methods } = presets[access];
    if (isAnyPath(path)) return { protocol: 'HTTP', http: { access: preset, ...withDeny } };
    return {
      protocol: 'HTTP',
      http: { allow: [{ ...(methods ? { methods: [...methods] } : {}), path }], ...withDeny },
    };
  }
  const allow = mergeMethods(rules.flatMap(rule => readRequest(rule, path, 'Allow', findings) ?? []));
  if (allow.length === 0) return undefined;
  if (allow.some(pattern => Object.keys(pattern).length === 0))
    return { protocol: 'HTTP', http: { access: 'Full', ...withDeny } };
  return { protocol: 'HTTP', http: { allow, ...withDeny } };
}

/** One rule; more than one pattern where a query parameter has alternatives. */
function readRequest(
  rule: Fields,
  selector: string,
  effect: 'Allow' | 'Deny',
  findings: Findings,
): RequestDraft[] | undefined {
  const method = rule.text('method')?.toUpperCase();
  const path = rule.text('path');
  const query = readQuery(rule, findings);
  rule.done('unknown key of a rest rule; it has method, path and query');
  if (method === undefined || path === undefined) {
    findings.refused(rule.place, 'a rest rule needs method and path');
    return undefined;
  }
  const problem = pathProblem(path);
  if (problem !== undefined) findings.refused(rule.at('path'), problem);
  if (!/^([A-Z][A-Z-]*|\*)$/.test(method)) findings.refused(rule.at('method'), `${method} is no HTTP method`);
  if (effect === 'Deny' && /(^|\/)[^/]*(?<!\*)\*(?!\*)/.test(path))
    findings.differs(
      rule.at('path'),
      `* is one segment in a deny path: ${path} denies no deeper path; write ** where you mean any depth`,
    );
  const narrowed = problem === undefined ? narrowPath(selector, path) : undefined;
  if (narrowed === undefined) {
    if (problem === undefined)
      findings.unsupported(
        rule.at('path'),
        `${path} within the endpoint's path ${selector} is not one pattern; write it out`,
      );
    return undefined;
  }
  const methods = method === '*' ? {} : { methods: [method] };
  return query.map(one => ({ ...methods, ...narrowed, ...one }));
}

/** `{any: [...]}` alternatives become patterns of their own. */
function readQuery(rule: Fields, findings: Findings): Pick<RequestDraft, 'query'>[] {
  let sets: Record<string, string>[] = [{}];
  const map = rule.map('query');
  if (map === undefined) return [{}];
  for (const [name, value] of map.entries) {
    const globs = readGlobs(value, findings);
    sets = sets.flatMap(set => globs.map(glob => ({ ...set, [name]: glob })));
  }
  return sets.map(query => ({ query }));
}

function readGlobs(value: Located, findings: Findings): readonly string[] {
  if (value.kind === 'scalar' && typeof value.value === 'string') return [value.value];
  const fields = Fields.of(value, findings);
  const globs = fields?.texts('any') ?? [];
  fields?.done('a matcher is text or {any: [text]}');
  if (globs.length === 0) findings.refused(value, 'matches nothing; give a glob or {any: [glob]}');
  return globs;
}

/** Patterns that differ in methods only become one. */
function mergeMethods(patterns: readonly RequestDraft[]): RequestDraft[] {
  const merged = new Map<string, RequestDraft>();
  for (const pattern of patterns) {
    const { methods, ...rest } = pattern;
    const key = JSON.stringify([methods === undefined, rest]);
    const methodsSoFar = merged.get(key)?.methods ?? [];
    merged.set(
      key,
      methods === undefined ? pattern : { methods: [...new Set([...methodsSoFar, ...methods])], ...rest },
    );
  }
  return [...merged.values()];
}
