// The namespace that owns every address. Its catch-all is the least specific route of the main table, so that the routes
// to pods and nodes, which are more specific, still lead out of it.
import { existsSync } from 'node:fs';
import { runCommand } from '../../cluster/base/run-command.ts';
import { outsidePorts } from '../control-protocol.ts';
import type { OutsideLayout } from './outside-layout.ts';

const anyAddress = ['link set lo up', 'route add local 0.0.0.0/0 dev lo table main'];

const settings = [
  'net.ipv4.ip_nonlocal_bind=1',
  'net.ipv6.ip_nonlocal_bind=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
  'net.ipv6.conf.default.accept_dad=0',
  // It owns every address, but on a shared bridge it must not say so: until its own subnet is routed it would answer for the
  // API server's, and who asked then remembers the wrong neighbour for half a minute.
  'net.ipv4.conf.all.arp_ignore=1',
  // Tests open and close faster than the default of one error a jiffy allows.
  'net.ipv4.icmp_ratelimit=0',
];

/** Answers to UDP must leave from the address that was asked: connection tracking sees to it. */
const rules = `
table inet outside {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    iifname "lo" accept
    udp dport ${outsidePorts.dns} redirect to :${outsidePorts.dns}
    meta l4proto udp redirect to :${outsidePorts.echo}
  }
}
`;

export async function createOutsideNetwork({ netns, netnsPath }: OutsideLayout): Promise<void> {
  await runCommand(['ip', 'netns', 'add', netns]);
  const inside = ['nsenter', `--net=${netnsPath}`];
  await runCommand(['ip', '-n', netns, '-batch', '-'], { stdin: `${anyAddress.join('\n')}\n` });
  await runCommand([...inside, 'ip', '-6', 'route', 'add', 'local', '::/0', 'dev', 'lo', 'table', 'main']);
  await runCommand([...inside, 'sysctl', '-qw', ...settings]);
  await runCommand([...inside, 'nft', '-f', '-'], { stdin: rules });
}

export async function deleteOutsideNetwork({ netns, netnsPath }: OutsideLayout): Promise<void> {
  if (existsSync(netnsPath)) await runCommand(['ip', 'netns', 'delete', netns]);
}
