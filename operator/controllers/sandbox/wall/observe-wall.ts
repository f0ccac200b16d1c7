// The cluster as a NetworkPolicy sees it: resolver, hub, Services by the pods behind them.
import { parseIp } from '../../../../engine/canonical/ip.ts';
import type { ObjectName } from '../../../../kube/types.ts';
import { hubPorts } from '../../../../protocol/constants.ts';
import type { Service } from '../../../core-types.ts';
import type { ObserveOptions } from '../observe.ts';
import { asCidr } from './address-blocks.ts';
import type { PolicyPeer } from './network-policy-types.ts';
import type { WallFacts } from './plan-wall.ts';
import type { ServiceFacts } from './service-facts.ts';

type WallOptions = Pick<
  ObserveOptions,
  'stores' | 'hubService' | 'resolverService' | 'resolverAddresses' | 'proxyBlocks'
>;

export function observeWall(options: WallOptions, excluded: readonly string[]): WallFacts {
  const { stores, hubService, resolverService, resolverAddresses } = options;
  const service = (namespace: string, name: string) => readService(options, { namespace, name });
  const resolver = stores.services.get(resolverService);
  const facts = resolver && readService(options, resolverService);
  // Node-local caches and some network plugins see the Service's own address.
  const clusterIps = resolver?.spec?.clusterIPs ?? [];
  const given = resolverAddresses.length > 0 ? resolverAddresses : [...clusterIps, ...(facts?.endpoints ?? [])];
  return {
    resolver: [...given.map(address => ({ ipBlock: { cidr: asCidr(address) } })), ...podsOf(resolverService, facts)],
    resolverPorts: [...new Set([53, ...(facts?.ports ?? []).map(({ targetPort }) => targetPort)])].filter(isNumber),
    hub: podsOf(hubService, service(hubService.namespace ?? '', hubService.name))[0] ?? {
      podSelector: { matchLabels: nobody },
    },
    hubPort: hubPorts.session,
    excluded,
    proxyBlocks: options.proxyBlocks ?? [],
    service,
  };
}

/** No pod carries it: while the hub's Service is unknown nothing is opened for it. */
const nobody = { 'creel.dev/nobody': 'true' };

function podsOf({ namespace = '' }: ObjectName, facts: ServiceFacts | undefined): PolicyPeer[] {
  if (facts?.selector === undefined) return [];
  return [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      podSelector: { matchLabels: facts.selector },
    },
  ];
}

function readService({ stores }: WallOptions, name: ObjectName): ServiceFacts | undefined {
  const service = stores.services.get(name);
  if (service?.metadata.namespace === undefined) return undefined;
  const { selector, ports = [] } = service.spec ?? {};
  const hasSelector = selector !== undefined && Object.keys(selector).length > 0;
  return {
    namespace: service.metadata.namespace,
    name: service.metadata.name,
    ...(hasSelector ? { selector } : {}),
    ports: ports.map(({ port, targetPort }) => ({ port, targetPort: targetPort ?? port })),
    endpoints: hasSelector ? [] : endpointsOf(service, { stores }),
  };
}

function endpointsOf({ metadata }: Service, { stores }: Pick<WallOptions, 'stores'>): string[] {
  return (
    stores.endpointSlices
      .list(metadata.namespace)
      .filter(slice => slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name)
      .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses))
      // Slices of type FQDN hold names, which no wall can admit.
      .filter(address => parseIp(address) !== undefined)
      .sort()
  );
}

function isNumber(value: number | string): value is number {
  return typeof value === 'number';
}
