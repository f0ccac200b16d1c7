// The wall outside: which peers one sandbox's NetworkPolicy admits. It never waits for a person: public addresses are open
// as soon as anything public could be allowed, and the sidecar alone decides which.
import type {
  CompiledPolicy,
  CompiledRule,
  Grants,
  NoRoute,
  Route,
  UpstreamProxy,
} from '../../../../protocol/snapshot.ts';
import { exactBlock, isPublicBlock, publicBlocks } from './address-blocks.ts';
import type { EgressRule, PolicyPeer, PolicyPort } from './network-policy-types.ts';
import type { ServiceFacts } from './service-facts.ts';

/** The cluster around every sandbox. */
export interface WallFacts {
  /** The cluster's DNS: the pods of its Service, or bare addresses. */
  readonly resolver: readonly PolicyPeer[];
  readonly resolverPorts: readonly number[];
  readonly hub: PolicyPeer;
  readonly hubPort: number;
  /** Nodes and API server, whatever their addresses. */
  readonly excluded: readonly string[];
  /** Where the install's upstream proxy is. */
  readonly proxyBlocks?: readonly string[];
  readonly service: (namespace: string, name: string) => ServiceFacts | undefined;
}

export interface WallDemand {
  readonly policy: CompiledPolicy;
  readonly grants: Grants;
  readonly route: Route | NoRoute;
  readonly upstreamProxy?: UpstreamProxy;
  /** The in-cluster Service the route goes to. */
  readonly routeService?: { readonly namespace: string; readonly name: string; readonly port: number };
}

/** Egress rules in a stable order: equal demands give equal objects. */
export function planWall(demand: WallDemand | undefined, facts: WallFacts): EgressRule[] {
  // A rule without peers means "to everywhere" to Kubernetes: with nobody to name there is no rule.
  return planRules(demand, facts).filter(({ to }) => to.length > 0);
}

function planRules(demand: WallDemand | undefined, facts: WallFacts): EgressRule[] {
  const always: EgressRule[] = [
    {
      to: facts.resolver,
      ports: facts.resolverPorts.flatMap(
        port =>
          [
            { protocol: 'UDP', port },
            { protocol: 'TCP', port },
          ] as const,
      ),
    },
    { to: [facts.hub], ports: tcp([facts.hubPort]) },
  ];
  if (demand === undefined || demand.policy.frozen) return always;
  const allows = demand.policy.rules.filter(({ effect }) => effect === 'Allow');
  return [
    ...always,
    ...(wantsPublic(demand, allows) ? [openPublic(facts)] : []),
    ...merge([
      ...allows.flatMap(rule => ruleDemands(rule, facts)),
      ...grantDemands(demand.grants, facts),
      ...routeDemands(demand, facts),
      ...proxyDemands(demand, allows, facts),
    ]),
  ];
}

function wantsPublic({ policy, grants, route }: WallDemand, allows: readonly CompiledRule[]): boolean {
  return policy.onUnlisted === 'Ask' || allows.length > 0 || grants.items.length > 0 || 'endpoint' in route;
}

/** Ports stay out: a rule may name any, and the sidecar is the one that knows. */
function openPublic({ excluded }: WallFacts): EgressRule {
  return { to: publicBlocks(excluded).map(ipBlock => ({ ipBlock })), ports: [{ protocol: 'TCP' }] };
}

function ruleDemands(rule: CompiledRule, facts: WallFacts): EgressRule[] {
  const cidrs = [...rule.cidrs.map(({ cidr }) => cidr), ...rule.allowedCidrs].filter(cidr => !isPublicBlock(cidr));
  return [
    ...blocks(cidrs, rule.ports, facts),
    ...rule.services.flatMap(({ namespace, service }) => servicePeers(namespace, service, rule.ports, facts)),
  ];
}

function grantDemands({ items }: Grants, facts: WallFacts): EgressRule[] {
  return items.flatMap(({ host, port }) =>
    /^[\d.]+$|:/.test(host) && !isPublicBlock(host) ? blocks([host], [port], facts) : [],
  );
}

function routeDemands({ route, routeService }: WallDemand, facts: WallFacts): EgressRule[] {
  if (!('endpoint' in route)) return [];
  if (routeService) return servicePeers(routeService.namespace, routeService.name, [routeService.port], facts);
  const url = new URL(route.endpoint);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  return blocks(
    route.allowedCidrs.filter(cidr => !isPublicBlock(cidr)),
    [port],
    facts,
  );
}

/** What is public is open already; without anything to reach there is nothing to ask the proxy for. */
function proxyDemands(demand: WallDemand, allows: readonly CompiledRule[], facts: WallFacts): EgressRule[] {
  const { upstreamProxy } = demand;
  if (upstreamProxy === undefined || !wantsPublic(demand, allows)) return [];
  const cidrs = (facts.proxyBlocks ?? []).filter(cidr => !isPublicBlock(cidr));
  return blocks(cidrs, [upstreamProxy.port], facts);
}

function blocks(cidrs: readonly string[], ports: readonly (number | string)[], { excluded }: WallFacts): EgressRule[] {
  return cidrs.flatMap(cidr => {
    const ipBlock = exactBlock(cidr, excluded);
    return ipBlock === undefined ? [] : [{ to: [{ ipBlock }], ports: tcp(ports) }];
  });
}

/** A Service that does not exist yet adds nothing; its arrival is an event that plans anew. */
function servicePeers(namespace: string, name: string, ports: readonly number[], facts: WallFacts): EgressRule[] {
  const service = facts.service(namespace, name);
  if (service === undefined) return [];
  const targets = ports.map(port => service.ports.find(entry => entry.port === port)?.targetPort ?? port);
  // Written by hand, and by others than who owns nodes and API server.
  if (service.selector === undefined) return blocks(service.endpoints, targets, facts);
  const peer: PolicyPeer = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: { matchLabels: service.selector },
  };
  return [{ to: [peer], ports: tcp(targets) }];
}

function tcp(ports: readonly (number | string)[]): PolicyPort[] {
  return ports.map(port => ({ protocol: 'TCP', port }));
}

/** One rule a set of ports, in a stable order, without repeats. */
function merge(rules: readonly EgressRule[]): EgressRule[] {
  const unique = new Map<string, EgressRule>();
  for (const rule of rules) unique.set(JSON.stringify(rule), rule);
  return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule);
}
