// The wires: one namespace for the control plane with a bridge in it, a veth from the host into that bridge, and one
// from each node. The host's own routes stay as they are, and it forwards nothing that comes from the cluster.
import { existsSync, writeFileSync } from 'node:fs';
import { runCommand } from '../base/run-command.ts';
import { addressesOf, nodePodCidr, nodePodCidr6 } from './addresses.ts';
import type { ClusterLayout, NodeLayout } from './layout.ts';

const bridge = 'br0';

export function netnsPath(netns: string): string {
  return `/run/netns/${netns}`;
}

export function netnsExists(netns: string): boolean {
  return existsSync(netnsPath(netns));
}

export async function createControlPlaneNetwork(layout: ClusterLayout, subnet: number): Promise<void> {
  const { controlPlaneNetns: netns, hostInterface } = layout;
  const addresses = addressesOf(subnet);
  await runCommand(['ip', 'netns', 'add', netns]);
  await ip(netns, [
    `link add ${bridge} type bridge`,
    `address add ${addresses.controlPlane}/${addresses.prefixLength} dev ${bridge}`,
    `address add ${addresses.controlPlane6}/64 dev ${bridge} nodad`,
    `link set ${bridge} up`,
    'link set lo up',
  ]);
  await runCommand(['ip', 'link', 'add', hostInterface, 'type', 'veth', 'peer', 'name', 'host', 'netns', netns]);
  // Before it is up: whatever the host's global setting, nothing that enters here is passed on.
  writeFileSync(`/proc/sys/net/ipv4/conf/${hostInterface}/forwarding`, '0');
  writeFileSync(`/proc/sys/net/ipv6/conf/${hostInterface}/disable_ipv6`, '1');
  await runCommand(['ip', 'address', 'add', `${addresses.host}/${addresses.prefixLength}`, 'dev', hostInterface]);
  await runCommand(['ip', 'link', 'set', hostInterface, 'up']);
  await ip(netns, [`link set host master ${bridge}`, 'link set host up']);
}

/** Ends the cluster's default route in a namespace that somebody else made, and that must own every address. */
export async function connectOutside(layout: ClusterLayout, netns: string, subnet: number): Promise<void> {
  const { outside, outside6 } = addressesOf(subnet);
  await plugIntoBridge(layout, netns, 'outside', [`${outside}/24`, `${outside6}/64`]);
  await setDefaultRoute(layout.controlPlaneNetns, subnet);
}

/** Whether that namespace still has its wire: one that was made anew under the same name has not. */
export async function isOutsideConnected(netns: string): Promise<boolean> {
  const links = await runCommand(['ip', '-n', netns, '-brief', 'link']);
  return links.split('\n').some(line => line.startsWith('eth0@'));
}

/** Plugs a namespace into the cluster's bridge as eth0. */
async function plugIntoBridge(
  layout: ClusterLayout,
  netns: string,
  port: string,
  addresses: readonly string[],
): Promise<void> {
  await runCommand([
    'ip',
    '-n',
    layout.controlPlaneNetns,
    'link',
    'add',
    port,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    netns,
  ]);
  await ip(layout.controlPlaneNetns, [`link set ${port} master ${bridge}`, `link set ${port} up`]);
  const add = addresses.map(address => `address add ${address} dev eth0${address.includes(':') ? ' nodad' : ''}`);
  await ip(netns, [...add, 'link set eth0 up', 'link set lo up']);
}

export async function createNodeNetwork(layout: ClusterLayout, node: NodeLayout, subnet: number): Promise<void> {
  const addresses = addressesOf(subnet);
  await runCommand(['ip', 'netns', 'add', node.netns]);
  await setSysctls(node.netns, {
    'net.ipv4.ip_forward': '1',
    'net.ipv6.conf.all.forwarding': '1',
    // Of the pods' links too, which come later: or their first second has no IPv6.
    'net.ipv6.conf.default.accept_dad': '0',
  });
  await plugIntoBridge(layout, node.netns, `node${node.index}`, [
    `${addresses.node(node.index)}/24`,
    `${addresses.node6(node.index)}/64`,
  ]);
}

/** Tells every party of the cluster where the pods of this node are. */
export async function routePods(netns: string, node: NodeLayout, subnet: number): Promise<void> {
  const addresses = addressesOf(subnet);
  await ip(netns, [
    `route replace ${nodePodCidr(node.index)} via ${addresses.node(node.index)}`,
    `route replace ${nodePodCidr6(node.index)} via ${addresses.node6(node.index)}`,
  ]);
}

/** Everything that is not the cluster's goes to the outside world. */
export async function setDefaultRoute(netns: string, subnet: number): Promise<void> {
  const { outside, outside6 } = addressesOf(subnet);
  await ip(netns, [`route replace default via ${outside}`, `route replace default via ${outside6}`]);
}

async function setSysctls(netns: string, values: Readonly<Record<string, string>>): Promise<void> {
  const settings = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  await runCommand(['nsenter', `--net=${netnsPath(netns)}`, 'sysctl', '-qw', ...settings]);
}

async function ip(netns: string, lines: readonly string[]): Promise<void> {
  await runCommand(['ip', '-n', netns, '-batch', '-'], { stdin: `${lines.join('\n')}\n` });
}
