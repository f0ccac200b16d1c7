import { runCommand } from '../../cluster/base/run-command.ts';

export interface Attachment {
  /** Path of the namespace to attach, such as /proc/PID/ns/net. */
  readonly netnsPath: string;
  /** A process in that namespace: where its end of the wire is put. */
  readonly pid: number;
  /** The end here, at most 15 characters. */
  readonly port: string;
  /** Its interface index there, so that a capture can tell whose wire it is. */
  readonly portIndex?: number;
  /** With prefix length. IPv4 and IPv6 as wanted. */
  readonly addresses: readonly string[];
  /** With prefix length, of this end: where the default routes lead. */
  readonly gateways: readonly string[];
}

/** A veth between the two namespaces that the machine's own never sees. */
export async function attachNamespace(outsidePath: string, attachment: Attachment): Promise<void> {
  const { netnsPath, pid, port, portIndex, addresses, gateways } = attachment;
  const outside = ['nsenter', `--net=${outsidePath}`, 'ip', '-batch', '-'];
  await runCommand(outside, {
    stdin: lines([
      `link add ${port}${portIndex === undefined ? '' : ` index ${portIndex}`} type veth peer name eth0 netns ${pid}`,
      ...gateways.map(address => `address add ${address} dev ${port}${noDad(address)}`),
      `link set ${port} up`,
    ]),
  });
  await runCommand(['nsenter', `--net=${netnsPath}`, 'ip', '-batch', '-'], {
    stdin: lines([
      'link set lo up',
      ...addresses.map(address => `address add ${address} dev eth0${noDad(address)}`),
      'link set eth0 up',
      ...gateways.map(address => `route add default via ${address.split('/')[0]} dev eth0`),
    ]),
  });
}

function lines(commands: readonly string[]): string {
  return `${commands.join('\n')}\n`;
}

function noDad(address: string): string {
  return address.includes(':') ? ' nodad' : '';
}
