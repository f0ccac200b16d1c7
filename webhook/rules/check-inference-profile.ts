// An InferenceProfile as its author sends it. Whether its Service and Secret are there shows its condition Ready, later.
import { checkEndpoint } from '../../engine/compile/check-endpoint.ts';
import { quantityBytes } from '../../engine/compile/quantity-bytes.ts';
import { checkSchema } from './check-schema.ts';
import type { FieldProblem, Verdict } from './verdict.ts';
import { warnWithoutEffect } from './warn-without-effect.ts';

export function judgeInferenceProfile(object: Readonly<Record<string, unknown>>): Verdict {
  const spec = (object['spec'] ?? {}) as Readonly<Record<string, unknown>>;
  const limits = (spec['limits'] ?? {}) as Readonly<Record<string, unknown>>;
  const schema = checkSchema('InferenceProfile', object);
  const said = new Set(schema.map(({ field }) => field));
  const own = [...endpointProblems(spec['endpoint']), ...limitProblems(limits['maxRequestBytes'])];
  return {
    problems: [...schema, ...own.filter(({ field }) => !said.has(field))],
    warnings: warnWithoutEffect('InferenceProfile', object),
  };
}

function endpointProblems(endpoint: unknown): FieldProblem[] {
  if (typeof endpoint !== 'string') return [];
  const checked = checkEndpoint(endpoint);
  return checked.ok ? [] : [{ field: 'spec.endpoint', message: checked.message.replace(/^spec\.endpoint /, '') }];
}

function limitProblems(limit: unknown): FieldProblem[] {
  if ((typeof limit !== 'string' && typeof limit !== 'number') || quantityBytes(limit) !== undefined) return [];
  const message = `${limit} is no whole number of bytes; write it like 10Mi`;
  return [{ field: 'spec.limits.maxRequestBytes', message }];
}
