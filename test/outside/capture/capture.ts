// Watches the wires of a network namespace, so that "nothing left" is observed and not assumed.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { runCommand } from '../../cluster/base/run-command.ts';
import { waitUntil } from '../../cluster/base/wait-until.ts';
import { describePacket } from './describe-packet.ts';
import type { Packet } from './parse-packet.ts';
import { PcapReader } from './pcap-reader.ts';

export interface CaptureOptions {
  readonly netnsPath: string;
  /** A pcap filter for busy wires, such as `not tcp port 6443`. */
  readonly filter?: string;
}

/** Where the markers go that tell how far the capture has come; nobody listens there. */
const markerPort = 47_999;
const loopbackIndex = 1;

export class Capture {
  readonly #netnsPath: string;
  readonly #tcpdump: ChildProcess;
  readonly #packets: Packet[] = [];
  readonly #stderr: () => string;
  readonly #markers = new Set<string>();

  constructor(netnsPath: string, tcpdump: ChildProcess, stderr: () => string) {
    this.#netnsPath = netnsPath;
    this.#tcpdump = tcpdump;
    this.#stderr = stderr;
    const reader = new PcapReader(packet => this.#take(packet));
    tcpdump.stdout?.on('data', (chunk: Buffer) => reader.push(chunk));
  }

  /**
   * Everything that has passed until now, without the kernel's housekeeping: a marker is sent over the same capture and
   * waited for, so a packet that passed before the call is there.
   */
  async packets(matches: (packet: Packet) => boolean = () => true): Promise<readonly Packet[]> {
    const marker = randomUUID();
    const send = 'printf %s "$1" > "/dev/udp/127.0.0.1/$2"';
    await runCommand(['nsenter', `--net=${this.#netnsPath}`, 'bash', '-c', send, 'marker', marker, String(markerPort)]);
    await waitUntil(() => (this.#markers.has(marker) ? true : undefined), {
      what: 'the capture to see its own marker',
      timeoutMs: 10_000,
      intervalMs: 2,
      explain: this.#stderr,
    });
    return this.#packets.filter(packet => !packet.housekeeping && matches(packet));
  }

  /** Throws, naming them, when packets passed that match. */
  async expectNone(what: string, matches: (packet: Packet) => boolean = () => true): Promise<void> {
    const found = await this.packets(matches);
    if (found.length === 0) return;
    const lines = found.slice(0, 20).map(describePacket).join('\n  ');
    throw new Error(`${found.length} packets passed that should not (${what}):\n  ${lines}`);
  }

  /** The positive control: throws when no packet passed that matches. */
  async expectSome(what: string, matches: (packet: Packet) => boolean = () => true): Promise<readonly Packet[]> {
    const found = await this.packets(matches);
    if (found.length > 0) return found;
    const others = (await this.packets()).slice(-20).map(describePacket).join('\n  ');
    throw new Error(`no packet passed that should (${what}); the last ones seen:\n  ${others || 'none'}`);
  }

  clear(): void {
    this.#packets.length = 0;
  }

  /** Ends it; throws when the kernel dropped packets, since then nothing it said can be relied on. */
  async stop(): Promise<void> {
    if (this.#tcpdump.exitCode === null && this.#tcpdump.signalCode === null) {
      const ended = once(this.#tcpdump, 'close');
      this.#tcpdump.kill('SIGINT');
      await ended;
    }
    const dropped = Number(this.#stderr().match(/(\d+) packets? dropped by kernel/)?.[1] ?? Number.NaN);
    if (dropped !== 0) throw new Error(`the capture is incomplete: ${this.#stderr()}`);
  }

  #take(packet: Packet): void {
    if (packet.interfaceIndex !== loopbackIndex) this.#packets.push(packet);
    else if (packet.destinationPort === markerPort) this.#markers.add(packet.payload.toString());
  }
}

export async function startCapture({ netnsPath, filter }: CaptureOptions): Promise<Capture> {
  const expression = filter === undefined ? [] : [`(${filter}) or (udp port ${markerPort})`];
  // -Z root: tcpdump would change its user, and the kernel then forgets that it must die with us.
  const tcpdump = 'tcpdump -Z root -i any -y LINUX_SLL2 -n -U --immediate-mode -s 256 -B 16384 -w -'.split(' ');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'nsenter', `--net=${netnsPath}`, ...tcpdump, ...expression], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const capture = new Capture(netnsPath, child, () => stderr);
  await Promise.race([
    waitUntil(() => (stderr.includes('listening on') ? true : undefined), {
      what: `tcpdump to listen in ${netnsPath}`,
      timeoutMs: 10_000,
      intervalMs: 2,
      explain: () => stderr,
    }),
    once(child, 'exit').then(([code]) => {
      throw new Error(`tcpdump ended at once with ${String(code)}: ${stderr}`);
    }),
  ]);
  return capture;
}
