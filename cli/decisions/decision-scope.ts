import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { type SampledRequest, sampledRequests } from '../../engine/compile/sampled-requests.ts';
import { UserError } from '../user-error.ts';

export const scopes = ['Binary', 'Endpoint', 'Request'] as const;
export type Scope = (typeof scopes)[number];
/** As many as one decision may list. */
const maxRequests = 16;

export interface DecisionScope {
  readonly scope: Scope;
  /** For scope Request. */
  readonly requests: readonly SampledRequest[] | null;
}

/**
 * What the approval covers. The requests are written out as they were seen: later samples widen nothing. An agent may have asked
 * for another one since a person read of the first, so several are approved only where that is said.
 */
export function scopeOf(
  { spec: { egress }, status }: Pick<ApprovalRequest, 'spec' | 'status'>,
  name: string,
  given?: string,
): DecisionScope {
  // The operator grants nothing to a binary that nobody saw.
  const whole = egress?.binary === undefined ? 'Endpoint' : 'Binary';
  const fallback = egress?.reason === 'RequestNotAllowed' ? 'Request' : whole;
  const scope = scopes.find(candidate => candidate.toLowerCase() === (given ?? fallback).toLowerCase());
  if (scope === undefined) throw new UserError(`--scope ${given}: there is no such scope; use ${scopes.join(', ')}`);
  if (scope !== 'Request') return { scope, requests: null };
  const requests = sampledRequests(egress?.host ?? '', status?.samples ?? []).slice(0, maxRequests);
  if (requests.length === 0)
    throw new UserError(
      `--scope Request: ${name} has no sample of a single request; approve with --scope Endpoint, or edit spec.decision.requests`,
    );
  if (given === undefined && requests.length > 1)
    throw new UserError(
      `${name} is for several requests by now: ${requests.map(({ method, path }) => `${method} ${path}`).join(', ')}; say which: --request "METHOD /path" for each, or --scope Request for all of these`,
    );
  return { scope, requests };
}
