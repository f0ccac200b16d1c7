// Whether policy alone allows everything that a grant does: then the grant may go, and nobody notices.
import type { Grant } from '../../protocol/snapshot.ts';
import { parseHost } from '../canonical/host.ts';
import { decideRequest } from './decide-request.ts';
import type { Decider } from './decider.ts';
import type { Allow, Inspected } from './decision.ts';

/** The rule that carries its connections, or undefined. Errs to undefined: a grant too many ends by itself. `decider` without grants. */
export function ruleForGrant(
  decider: Pick<Decider, 'decide'>,
  grant: Omit<Grant, 'id' | 'expiresAtMs'>,
): string | undefined {
  const host = parseHost(grant.host);
  if (host.kind === 'invalid') return undefined;
  // For any binary means: for one that no rule names.
  const binary =
    grant.binary === undefined ? ({ kind: 'unknown' } as const) : ({ kind: 'known', ...grant.binary } as const);
  const decision = decider.decide({ host, port: grant.port, binary });
  if (decision.verdict !== 'Allow' || decision.by !== 'Rule') return undefined;
  const covers =
    grant.requests === undefined
      ? coversConnection(decision, grant.port, host.kind === 'ip')
      : coversRequests(decision, grant.requests);
  return covers ? decision.id : undefined;
}

/** A grant of a host is TLS on 443, HTTP on 80, anything elsewhere; where rules inspect, every request and WebSocket. */
function coversConnection({ protocol, inspected }: Allow, port: number, isAddress: boolean): boolean {
  if (inspected !== undefined) return allowsAllRequests(inspected);
  return protocol === 'TCP' || (protocol === 'TLS' && port === 443 && !isAddress);
}

function allowsAllRequests({ rules }: Inspected): boolean {
  const blocks = rules.flatMap(({ inspection }) => inspection ?? []);
  const hasDenied = blocks.some(block => block.kind === 'HTTP' && block.deny.length > 0);
  const hasRequests = blocks.some(block => block.kind === 'HTTP' && block.access === 'Full');
  const hasSockets = blocks.some(
    block => block.kind === 'WebSocket' && block.path === undefined && block.text === undefined,
  );
  return hasRequests && hasSockets && !hasDenied;
}

/** An opaque rule carries any request; one that inspects must let through each of them, whatever its body. */
function coversRequests({ inspected }: Allow, requests: NonNullable<Grant['requests']>): boolean {
  return (
    inspected === undefined ||
    requests.every(
      ({ method, path }) => decideRequest(inspected, { method, target: path, isWebSocket: false }).verdict === 'Allow',
    )
  );
}
