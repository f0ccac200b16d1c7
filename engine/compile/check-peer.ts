// One `to` entry, made canonical or refused by name.
import { parse as parseDomain } from 'tldts';
import type { DenyRule } from '../../crds/schema/egress-rule.ts';
import { hubServerName, inferenceHost, syntheticRange } from '../../protocol/constants.ts';
import type { HostPattern, ServicePeer } from '../../protocol/snapshot.ts';
import { type Cidr, cidrsOverlap, formatCidr, maskIp, parseCidr } from '../canonical/cidr.ts';
import { neverReachableBlocks } from '../canonical/classify-address.ts';
import { formatHostPattern, parseHostPattern } from '../canonical/host-pattern.ts';
import { parseIp } from '../canonical/ip.ts';
import type { Problem } from './rule-issue.ts';

type PolicyPeer = DenyRule['to'][number];

export type CheckedPeer =
  | { readonly kind: 'Host'; readonly pattern: HostPattern; readonly ports: readonly number[] }
  | { readonly kind: 'Cidr'; readonly cidr: string; readonly ports: readonly number[] }
  | { readonly kind: 'Service'; readonly service: ServicePeer; readonly ports: readonly number[] }
  | { readonly kind: 'Problem'; readonly problem: Problem };

/** What the compiler must know of a Service: its ClusterIPs, or undefined when there is none. */
export type ServiceLookup = (namespace: string, name: string) => { readonly addresses: readonly string[] } | undefined;

/** `namespace` is where a Service without one is looked for. */
export function checkPeer(
  peer: PolicyPeer,
  effect: 'Allow' | 'Deny',
  namespace: string,
  services: ServiceLookup,
): CheckedPeer {
  const ports = peer.ports ?? [];
  if (peer.host !== undefined) return checkHost(peer.host, effect, ports);
  if (peer.cidr !== undefined) return checkCidrPeer(peer.cidr, effect, ports);
  if (peer.service === undefined) return problem('Invalid', 'an entry of to needs one of host, cidr or service');
  return checkService(peer.service, namespace, services);
}

function checkHost(text: string, effect: 'Allow' | 'Deny', ports: readonly number[]): CheckedPeer {
  const parsed = parseHostPattern(text);
  if (!parsed.ok)
    return parsed.problem === 'IsAddress'
      ? problem('BadHost', `host ${text} is an address; write cidr: ${text}${text.includes(':') ? '/128' : '/32'}`)
      : problem(
          'BadHost',
          `host ${JSON.stringify(text)} is no canonical name (${parsed.problem}); write it in A-labels`,
        );
  const { pattern } = parsed;
  if (effect === 'Allow' && pattern.kind !== 'exact' && isPublicSuffix(pattern.name))
    return problem(
      'PublicSuffix',
      `host ${formatHostPattern(pattern)} would allow every domain under ${pattern.name}; name the domain itself`,
    );
  if (effect === 'Allow' && [inferenceHost, hubServerName].includes(pattern.name))
    return problem('ReservedName', `host ${pattern.name} belongs to Creel itself and needs no rule; remove it`);
  return { kind: 'Host', pattern, ports };
}

/** Names nobody can own as one domain; unknown top-level names count as such. */
function isPublicSuffix(name: string): boolean {
  return parseDomain(name, { allowPrivateDomains: true }).publicSuffix === name;
}

function checkCidrPeer(text: string, effect: 'Allow' | 'Deny', ports: readonly number[]): CheckedPeer {
  const parsed = parseCidr(text);
  // A denied block with host bits means at least its network: dropping the rule would allow what it denies.
  if (!parsed.ok && parsed.problem === 'HostBitsSet' && effect === 'Deny')
    return { kind: 'Cidr', cidr: networkOf(text), ports };
  if (!parsed.ok) return problem('BadCidr', badCidrMessage('cidr', text, parsed.problem));
  const refusal = effect === 'Allow' ? checkAllowedBlock('cidr', parsed.cidr) : undefined;
  return refusal === undefined
    ? { kind: 'Cidr', cidr: formatCidr(parsed.cidr), ports }
    : { kind: 'Problem', problem: refusal };
}

export function badCidrMessage(field: string, text: string, what: string): string {
  if (what === 'HostBitsSet') return `${field} ${text} has bits set behind its prefix; write ${networkOf(text)}`;
  return `${field} ${JSON.stringify(text)} is no address block (${what}); write it like 203.0.113.0/24`;
}

function networkOf(text: string): string {
  const [address = '', prefix = ''] = text.split('/');
  const ip = parseIp(address);
  return ip === undefined ? text : formatCidr({ base: maskIp(ip, Number(prefix)), prefix: Number(prefix) });
}

const synthetic = parseCidr(syntheticRange);

/**
 * Blocks that reach into loopback, link-local, multicast … are refused whole: what remains is for the author to say.
 * A single address that nobody may reach inside a wide block is left to the decision, which denies it.
 */
export function checkAllowedBlock(field: string, block: Cidr): Problem | undefined {
  const text = formatCidr(block);
  if (synthetic.ok && cidrsOverlap(synthetic.cidr, block))
    return {
      reason: 'SyntheticRange',
      message: `${field} ${text} overlaps ${syntheticRange}, which names inside sandboxes resolve to; leave it out`,
    };
  const never = neverReachableBlocks.find(
    other => cidrsOverlap(other, block) && (other.prefix <= block.prefix || other.prefix < 32),
  );
  if (never === undefined) return undefined;
  return {
    reason: 'NeverReachable',
    message: `${field} ${text} holds ${formatCidr(never)}, which no rule can open; write the blocks that you mean`,
  };
}

function checkService(
  peer: NonNullable<PolicyPeer['service']>,
  ownNamespace: string,
  services: ServiceLookup,
): CheckedPeer {
  const { name, namespace = ownNamespace, port } = peer;
  const found = services(namespace, name);
  const addresses = (found?.addresses ?? []).filter(address => parseIp(address) !== undefined);
  if (addresses.length === 0)
    return problem(
      'ServiceNotFound',
      `service ${namespace}/${name} ${found === undefined ? 'does not exist' : 'has no ClusterIP'}; see \`kubectl -n ${namespace} get service ${name}\``,
    );
  const short = namespace === ownNamespace ? [name] : [];
  const names = [
    ...short,
    `${name}.${namespace}`,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
  ];
  return { kind: 'Service', service: { namespace, service: name, addresses, names }, ports: [port] };
}

function problem(reason: Problem['reason'], message: string): CheckedPeer {
  return { kind: 'Problem', problem: { reason, message } };
}
