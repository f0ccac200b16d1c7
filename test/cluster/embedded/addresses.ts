// The address plan. Only the /24 between nodes and host differs between clusters: all else lives inside their namespaces.

export const serviceCidr = '10.96.0.0/16';
export const kubernetesServiceAddress = '10.96.0.1';
export const clusterDnsAddress = '10.96.0.10';
export const podCidr = '10.244.0.0/16';
export const podCidr6 = 'fd00:c4ee:1000::/48';
export const apiServerPort = 6443;
export const maxNodes = 20;
/** How many clusters can run side by side. */
export const subnetCount = 256;

export interface ClusterAddresses {
  readonly nodeCidr: string;
  readonly prefixLength: number;
  /** The test process reaches the cluster from this address, and is reached by pods at it. */
  readonly host: string;
  readonly controlPlane: string;
  /** Where the nodes' default route ends when there is an outside world. */
  readonly outside: string;
  readonly node: (index: number) => string;
  readonly controlPlane6: string;
  readonly outside6: string;
  readonly node6: (index: number) => string;
}

export function addressesOf(subnet: number): ClusterAddresses {
  const prefix = `10.201.${subnet}`;
  const prefix6 = `fd00:c4ee:0:${subnet.toString(16)}:`;
  return {
    nodeCidr: `${prefix}.0/24`,
    prefixLength: 24,
    host: `${prefix}.1`,
    controlPlane: `${prefix}.2`,
    outside: `${prefix}.254`,
    node: index => `${prefix}.${10 + index}`,
    controlPlane6: `${prefix6}:2`,
    outside6: `${prefix6}:fe`,
    node6: index => `${prefix6}:${(10 + index).toString(16)}`,
  };
}

/** The pods of one node. */
export function nodePodCidr(index: number): string {
  return `10.244.${index}.0/24`;
}

export function nodePodCidr6(index: number): string {
  return `fd00:c4ee:1000:${index.toString(16)}::/64`;
}

/** The first subnet, from a place that depends on the name, that nobody uses. */
export function chooseSubnet(name: string, taken: ReadonlySet<number>): number | undefined {
  let start = 0;
  for (const char of name) start = (start * 31 + char.charCodeAt(0)) % subnetCount;
  for (let step = 0; step < subnetCount; step++) {
    const candidate = (start + step) % subnetCount;
    if (!taken.has(candidate)) return candidate;
  }
  return undefined;
}
