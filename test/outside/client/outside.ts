// What tests do with an outside world: tell its servers how to behave, and ask what arrived there.
import { waitUntil } from '../../cluster/base/wait-until.ts';
import { type Capture, type CaptureOptions, startCapture } from '../capture/capture.ts';
import {
  type ConnectionRecord,
  type DnsQueryRecord,
  type ModelSettings,
  outsideDnsAddress,
  type RequestRecord,
  type TcpService,
  type WebAnswer,
  type Zone,
} from '../control-protocol.ts';
import { type Attachment, attachNamespace } from './attach-namespace.ts';
import { callOutside } from './call-outside.ts';
import type { OutsideLayout } from './outside-layout.ts';

export class Outside {
  readonly name: string;
  /** The network namespace's name, below /run/netns. */
  readonly netns: string;
  readonly netnsPath: string;
  /** Who trusts this trusts every https server here. */
  readonly caPem: string;
  /** Folders of its pods begin so; whatever does goes with it. */
  readonly scratchPrefix: string;
  /** Any address would do: this is the one to give to resolvers. */
  readonly dnsAddress = outsideDnsAddress;
  readonly #layout: OutsideLayout;
  readonly #stop: () => Promise<void>;
  #podIndex = 0;

  constructor(layout: OutsideLayout, caPem: string, stop: () => Promise<void>) {
    this.name = layout.name;
    this.netns = layout.netns;
    this.netnsPath = layout.netnsPath;
    this.caPem = caPem;
    this.scratchPrefix = layout.scratchPrefix;
    this.#layout = layout;
    this.#stop = stop;
  }

  /** Every TCP connection that arrived, oldest first. */
  async connections(matches: (record: ConnectionRecord) => boolean = () => true): Promise<readonly ConnectionRecord[]> {
    return (await this.#call('connections', {})).filter(matches);
  }

  /** Every HTTP request that arrived whole, oldest first; model calls are of kind `model`. */
  async requests(matches: (record: RequestRecord) => boolean = () => true): Promise<readonly RequestRecord[]> {
    return (await this.#call('requests', {})).filter(matches);
  }

  /** Every DNS query that arrived, oldest first. */
  async dnsQueries(matches: (record: DnsQueryRecord) => boolean = () => true): Promise<readonly DnsQueryRecord[]> {
    return (await this.#call('dnsQueries', {})).filter(matches);
  }

  /** How often a name was asked for, whatever the type. */
  async countDnsQueries(name: string): Promise<number> {
    return (await this.dnsQueries(query => query.name === name.toLowerCase())).length;
  }

  async waitForConnection(
    matches: (record: ConnectionRecord) => boolean,
    timeoutMs = 5_000,
  ): Promise<ConnectionRecord> {
    const ask = async () => (await this.connections(matches))[0];
    return waitUntil(ask, { what: 'a connection to arrive outside', timeoutMs, intervalMs: 10 });
  }

  async waitForRequest(matches: (record: RequestRecord) => boolean, timeoutMs = 5_000): Promise<RequestRecord> {
    const ask = async () => (await this.requests(matches))[0];
    return waitUntil(ask, { what: 'a request to arrive outside', timeoutMs, intervalMs: 10 });
  }

  async setZone(zone: Zone): Promise<void> {
    await this.#call('setZone', { zone });
  }

  async answer(answer: WebAnswer): Promise<void> {
    await this.#call('answer', answer);
  }

  async setModel(settings: ModelSettings): Promise<void> {
    await this.#call('setModel', settings);
  }

  async listen(port: number, service: TcpService): Promise<void> {
    await this.#call('listen', { port, service });
  }

  async unlisten(port: number): Promise<void> {
    await this.#call('unlisten', { port });
  }

  /** Forgets records, answers, zone and model settings. */
  async reset(): Promise<void> {
    await this.#call('reset', {});
  }

  /** Sees every packet on every interface here: what left the pods and what went back. */
  async startCapture(options: Omit<CaptureOptions, 'netnsPath'> = {}): Promise<Capture> {
    return startCapture({ netnsPath: this.netnsPath, ...options });
  }

  /** Gives a namespace an interface whose default route ends here. */
  async attach(attachment: Attachment): Promise<void> {
    await attachNamespace(this.netnsPath, attachment);
  }

  /** Counts the pods that hang on this outside world. */
  claimPodIndex(): number {
    return ++this.#podIndex;
  }

  async close(): Promise<void> {
    await this.#stop();
  }

  #call: <K extends Parameters<typeof callOutside>[1]>(
    operation: K,
    args: Parameters<typeof callOutside<K>>[2],
  ) => ReturnType<typeof callOutside<K>> = (operation, args) =>
    callOutside(this.#layout.controlSocket, operation, args);
}
