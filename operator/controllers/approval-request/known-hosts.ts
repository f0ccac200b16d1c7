import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { CompiledPolicy, Grants } from '../../../protocol/snapshot.ts';

/** Comparing costs: of policies with more hosts the first ones must do. */
const maxHosts = 500;

/** Hosts that a sandbox may reach or waits for, but for the request's own: what it could be taken for. */
export function knownHosts(
  request: ApprovalRequest,
  policy: Pick<CompiledPolicy, 'rules'>,
  grants: Pick<Grants, 'items'>,
  requests: readonly ApprovalRequest[],
): readonly string[] {
  const own = request.spec.egress?.host;
  const hosts = new Set<string>();
  for (const rule of policy.rules) {
    if (hosts.size >= maxHosts) break;
    if (rule.effect === 'Allow') for (const { kind, name } of rule.hosts) if (kind === 'exact') hosts.add(name);
  }
  for (const { host } of grants.items) hosts.add(host);
  // Of two that look alike the later one is marked.
  for (const other of requests)
    if (other.spec.egress !== undefined && isBefore(other, request)) hosts.add(other.spec.egress.host);
  hosts.delete(own ?? '');
  return [...hosts].slice(0, maxHosts);
}

function isBefore({ metadata: a }: ApprovalRequest, { metadata: b }: ApprovalRequest): boolean {
  return a.creationTimestamp <= b.creationTimestamp && a.uid !== b.uid;
}
