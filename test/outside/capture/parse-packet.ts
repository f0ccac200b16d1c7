// What tests ask about a captured packet: from where, to where, which protocol.

export interface Packet {
  readonly atMs: number;
  readonly interfaceIndex: number;
  /** Seen from the namespace of the capture: `in` is what others sent to it. */
  readonly direction: 'in' | 'out' | 'other';
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** TCP flags in the order SYN, ACK, FIN, RST, PSH; absent for other protocols. */
  readonly tcpFlags?: string;
  /** Whatever followed the headers within the snapshot length. */
  readonly payload: Buffer;
  /** Address resolution, router solicitation, multicast membership: the kernel's own small talk on the wire. */
  readonly housekeeping: boolean;
}

const ipProtocols: Readonly<Record<number, string>> = {
  1: 'icmp',
  2: 'igmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
};
const directions: Readonly<Record<number, Packet['direction']>> = { 0: 'in', 1: 'in', 2: 'in', 4: 'out' };
const flagBits = [
  ['SYN', 0x02],
  ['ACK', 0x10],
  ['FIN', 0x01],
  ['RST', 0x04],
  ['PSH', 0x08],
] as const;
/** Router and neighbour discovery, and multicast listener reports. */
const housekeepingIcmpv6 = new Set([130, 131, 132, 133, 134, 135, 136, 143]);

/** A frame with the header of Linux's cooked capture v2, which is what capturing on all interfaces gives. */
export function parsePacket(frame: Buffer, atMs: number): Packet {
  const etherType = frame.readUInt16BE(0);
  const base = {
    atMs,
    interfaceIndex: frame.readUInt32BE(4),
    direction: directions[frame[10] ?? 0] ?? 'other',
  } as const;
  const network = frame.subarray(20);
  if (etherType === 0x0800 && network.length >= 20) return { ...base, ...parseIpv4(network) };
  if (etherType === 0x86dd && network.length >= 40) return { ...base, ...parseIpv6(network) };
  const protocol = etherType === 0x0806 ? 'arp' : `ethertype-${etherType.toString(16)}`;
  return { ...base, protocol, source: '', destination: '', payload: network, housekeeping: protocol === 'arp' };
}

type Body = Omit<Packet, 'atMs' | 'interfaceIndex' | 'direction'>;

function parseIpv4(packet: Buffer): Body {
  const headerBytes = ((packet[0] ?? 0) & 0x0f) * 4;
  const fragmentOffset = packet.readUInt16BE(6) & 0x1fff;
  const address = (at: number) => [...packet.subarray(at, at + 4)].join('.');
  const transport = packet.subarray(headerBytes, Math.max(headerBytes, packet.readUInt16BE(2)));
  return parseTransport(packet[9] ?? 0, fragmentOffset === 0, transport, address(12), address(16));
}

function parseIpv6(packet: Buffer): Body {
  let next = packet[6] ?? 0;
  let at = 40;
  // Hop-by-hop, routing and destination options; multicast reports carry one.
  while ((next === 0 || next === 43 || next === 60) && at + 8 <= packet.length) {
    next = packet[at] ?? 0;
    at += ((packet[at + 1] ?? 0) + 1) * 8;
  }
  return parseTransport(next, true, packet.subarray(at), ipv6Text(packet, 8), ipv6Text(packet, 24));
}

function parseTransport(number: number, first: boolean, bytes: Buffer, source: string, destination: string): Body {
  const protocol = ipProtocols[number] ?? `ip-${number}`;
  const ends = { protocol, source, destination };
  const housekeeping = protocol === 'igmp' || (protocol === 'icmpv6' && housekeepingIcmpv6.has(bytes[0] ?? 0));
  const hasPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'udplite' || protocol === 'sctp';
  if (!hasPorts || !first || bytes.length < 4) return { ...ends, payload: bytes, housekeeping };
  const ports = { sourcePort: bytes.readUInt16BE(0), destinationPort: bytes.readUInt16BE(2) };
  if (protocol !== 'tcp' || bytes.length < 20) return { ...ends, ...ports, payload: bytes.subarray(8), housekeeping };
  const bits = bytes[13] ?? 0;
  const tcpFlags = flagBits.flatMap(([name, bit]) => (bits & bit ? [name] : [])).join(' ');
  return { ...ends, ...ports, tcpFlags, payload: bytes.subarray(((bytes[12] ?? 0) >> 4) * 4), housekeeping };
}

/** The text that every other tool prints: the longest run of zero groups becomes `::`. */
function ipv6Text(packet: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_unused, index) => packet.readUInt16BE(at + index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
