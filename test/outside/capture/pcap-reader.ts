// Reads the stream that `tcpdump -w -` writes (the classic pcap format, microseconds, the machine's byte order).
import { type Packet, parsePacket } from './parse-packet.ts';

const magic = 0xa1b2c3d4;
const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
const linuxCookedV2 = 276;

export class PcapReader {
  readonly #onPacket: (packet: Packet) => void;
  #pending: Buffer = Buffer.alloc(0);
  #headerSeen = false;

  constructor(onPacket: (packet: Packet) => void) {
    this.#onPacket = onPacket;
  }

  push(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    if (!this.#headerSeen && !this.#readHeader()) return;
    let at = 0;
    while (this.#pending.length - at >= recordHeaderBytes) {
      const captured = this.#pending.readUInt32LE(at + 8);
      const end = at + recordHeaderBytes + captured;
      if (end > this.#pending.length) break;
      const atMs = this.#pending.readUInt32LE(at) * 1000 + this.#pending.readUInt32LE(at + 4) / 1000;
      this.#onPacket(parsePacket(Buffer.from(this.#pending.subarray(at + recordHeaderBytes, end)), atMs));
      at = end;
    }
    this.#pending = this.#pending.subarray(at);
  }

  #readHeader(): boolean {
    if (this.#pending.length < fileHeaderBytes) return false;
    if (this.#pending.readUInt32LE(0) !== magic || this.#pending.readUInt32LE(20) !== linuxCookedV2)
      throw new Error('capture: tcpdump wrote another format than pcap with the cooked v2 header');
    this.#pending = this.#pending.subarray(fileHeaderBytes);
    this.#headerSeen = true;
    return true;
  }
}
