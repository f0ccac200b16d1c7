// The machine's own way to the real network: what `--real-network` leads a cluster's default route through.
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { ClusterError } from '../base/cluster-error.ts';
import { runCommand } from '../base/run-command.ts';

export interface MachineNetwork {
  /** The interface of the IPv4 default route. */
  readonly uplink: string;
  /** IPv4 resolvers that a network namespace of its own can reach: none of the machine's loopback. */
  readonly nameServers: readonly string[];
}

/** The second one is where systemd-resolved, whose stub listens on loopback, writes whom it asks itself. */
const resolverFiles = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];

const withoutIt = 'leave --real-network out: the cluster then ends in an outside world of its own';

export async function readMachineNetwork(): Promise<MachineNetwork> {
  const uplink = defaultRouteInterface(await runCommand(['ip', '-json', '-4', 'route', 'show', 'default']));
  if (uplink === undefined)
    throw new ClusterError(
      `--real-network: this machine has no IPv4 default route (ip route show default prints none). Connect it, or ${withoutIt}.`,
    );
  const nameServers = resolverFiles.map(file => reachableNameServers(readIfThere(file))).find(list => list.length > 0);
  if (nameServers === undefined)
    throw new ClusterError(
      `--real-network: ${resolverFiles.join(' and ')} name no IPv4 resolver outside the machine's loopback. Add a "nameserver ADDRESS" line, or ${withoutIt}.`,
    );
  return { uplink, nameServers };
}

const routesSchema = z.array(z.object({ dev: z.string().optional(), metric: z.number().default(0) }));

/** Of `ip -json route show default`: the interface of the route the kernel prefers. */
export function defaultRouteInterface(routesJson: string): string | undefined {
  const routes = routesSchema.parse(JSON.parse(routesJson === '' ? '[]' : routesJson));
  return routes.filter(({ dev }) => dev !== undefined).toSorted((one, other) => one.metric - other.metric)[0]?.dev;
}

export function reachableNameServers(resolvConf: string): readonly string[] {
  return resolvConf
    .split('\n')
    .map(line => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter(address => isIPv4(address) && !address.startsWith('127.') && address !== '0.0.0.0');
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
