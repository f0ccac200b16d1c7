// Only with --real-network: in place of the outside world a gateway namespace of the cluster's own, which sends what leaves the
// cluster to the machine under one address; the machine masquerades it once more. The machine needs no routes to pods so, and
// several clusters, which all have the same pod addresses, can do it at once. IPv4 only: a pod's IPv6 is refused at the gateway.
import { writeFileSync } from 'node:fs';
import { ClusterError } from '../base/cluster-error.ts';
import { CommandError, runCommand } from '../base/run-command.ts';
import { addressesOf, podCidr } from './addresses.ts';
import { holdForwarding, releaseForwarding } from './forwarding-record.ts';
import type { ClusterLayout } from './layout.ts';
import { netnsExists, netnsPath } from './network.ts';

/** The namespace alone; its wire is an outside world's (`connectOutside`). */
export async function createGateway({ gatewayNetns: netns }: ClusterLayout): Promise<void> {
  if (netnsExists(netns)) return;
  await runCommand(['ip', 'netns', 'add', netns]);
  const inside = ['nsenter', `--net=${netnsPath(netns)}`];
  // It has one arm: packets leave by the interface they came in by, and nobody shall be told of a shorter way.
  const settings = ['ip_forward=1', 'conf.all.send_redirects=0', 'conf.default.send_redirects=0'];
  await runCommand([...inside, 'sysctl', '-qw', ...settings.map(setting => `net.ipv4.${setting}`)]);
  await runCommand([...inside, 'nft', '-f', '-'], { stdin: gatewayRules });
}

const gatewayRules = `
table ip creel_gateway {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "eth0" ip daddr != ${podCidr} masquerade
  }
}
`;

/** From the gateway's wire through the machine to the real network; again and again does no harm. */
export async function openRealNetwork(layout: ClusterLayout, subnet: number, uplink: string): Promise<void> {
  await requireForwardingAllowed();
  await runCommand(['ip', '-n', layout.gatewayNetns, 'route', 'replace', 'default', 'via', addressesOf(subnet).host]);
  const closedBefore = await holdForwarding(uplink, layout.name);
  await runCommand(['nft', '-f', '-'], { stdin: machineRules(layout, subnet, uplink, closedBefore) });
  writeFileSync(`/proc/sys/net/ipv4/conf/${layout.hostInterface}/forwarding`, '1');
}

/** Takes back what `openRealNetwork` did to the machine; the caller removes namespaces and wires. */
export async function closeRealNetwork(layout: ClusterLayout): Promise<void> {
  const tables = await listTables();
  if (tables.includes(machineTable(layout))) await runCommand(['nft', 'delete', 'table', 'ip', machineTable(layout)]);
  await releaseForwarding(layout.name);
}

export function machineTable({ hostInterface }: ClusterLayout): string {
  return `creel_${hostInterface}`;
}

/** What the machine forwards more than before is only the cluster's traffic to the uplink, and the answers to it. */
function machineRules(layout: ClusterLayout, subnet: number, uplink: string, closedBefore: boolean): string {
  const { hostInterface } = layout;
  const stayClosed = closedBefore ? `iifname "${uplink}" oifname != "cr*" counter drop` : '';
  return `
table ip ${machineTable(layout)} {}
delete table ip ${machineTable(layout)}
table ip ${machineTable(layout)} {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "${hostInterface}" oifname != "${uplink}" counter drop
    oifname "${hostInterface}" iifname != "${uplink}" counter drop
    oifname "${hostInterface}" ct state != { established, related } counter drop
    ${stayClosed}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "${uplink}" ip saddr ${addressesOf(subnet).nodeCidr} masquerade
  }
}
`;
}

/** Docker's firewall drops what it does not know; a rule of ours cannot overrule that, and to change it is not our business. */
async function requireForwardingAllowed(): Promise<void> {
  const chain = await runCommand(['nft', 'list', 'chain', 'ip', 'filter', 'FORWARD']).catch((error: unknown) => {
    if (error instanceof CommandError) return '';
    throw error;
  });
  if (!/policy drop/.test(chain) || /"cr\*"/.test(chain)) return;
  throw new ClusterError(
    '--real-network: the firewall of this machine drops forwarded packets (ip filter FORWARD, as Docker sets it). Allow those of clusters: iptables -I FORWARD -i cr+ -j ACCEPT && iptables -I FORWARD -o cr+ -j ACCEPT',
  );
}

async function listTables(): Promise<string> {
  return runCommand(['nft', 'list', 'tables', 'ip']).catch((error: unknown) => {
    // Without nft there is no table of ours.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
}
