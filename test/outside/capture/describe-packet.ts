import type { Packet } from './parse-packet.ts';

/** One line for error messages. */
export function describePacket(packet: Packet): string {
  const flags = packet.tcpFlags === undefined ? '' : ` [${packet.tcpFlags}]`;
  const source = `${packet.source}${port(packet.sourcePort)}`;
  const destination = `${packet.destination}${port(packet.destinationPort)}`;
  return `${packet.direction} ${packet.protocol} ${source} → ${destination}${flags} ${packet.payload.length} bytes`;
}

function port(value: number | undefined): string {
  return value === undefined ? '' : `:${value}`;
}
