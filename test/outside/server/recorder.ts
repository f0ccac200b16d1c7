// Everything that arrived, in order. Bounded by the test that reads it: a run that records more than this is a runaway.
import type { Socket } from 'node:net';
import type { ConnectionRecord, DnsQueryRecord, RequestRecord } from '../control-protocol.ts';

const maxRecords = 100_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type OpenConnection = Mutable<ConnectionRecord>;

export class Recorder {
  readonly #connections: OpenConnection[] = [];
  readonly #requests: RequestRecord[] = [];
  readonly #dnsQueries: DnsQueryRecord[] = [];
  /** By both endpoints: how a TLS or HTTP/2 layer finds the record of the TCP connection below it. */
  readonly #byEndpoints = new Map<string, OpenConnection>();
  #nextId = 1;

  get connections(): readonly ConnectionRecord[] {
    return this.#connections;
  }

  get requests(): readonly RequestRecord[] {
    return this.#requests;
  }

  get dnsQueries(): readonly DnsQueryRecord[] {
    return this.#dnsQueries;
  }

  openConnection(service: string, socket: Socket): OpenConnection {
    const record: OpenConnection = {
      id: this.#nextId++,
      service,
      localAddress: plainAddress(socket.localAddress),
      localPort: socket.localPort ?? 0,
      remoteAddress: plainAddress(socket.remoteAddress),
      remotePort: socket.remotePort ?? 0,
      atMs: Date.now(),
      bytesIn: 0,
    };
    const key = endpoints(socket);
    push(this.#connections, record);
    this.#byEndpoints.set(key, record);
    socket.on('error', () => (record.ended = 'reset'));
    socket.on('end', () => (record.ended ??= 'fin'));
    socket.on('close', () => {
      record.ended ??= 'fin';
      if (this.#byEndpoints.get(key) === record) this.#byEndpoints.delete(key);
    });
    return record;
  }

  connectionOf(socket: Socket): OpenConnection | undefined {
    return this.#byEndpoints.get(endpoints(socket));
  }

  addRequest(request: Omit<RequestRecord, 'id' | 'atMs'>): void {
    push(this.#requests, { ...request, id: this.#nextId++, atMs: Date.now() });
  }

  addDnsQuery(query: Omit<DnsQueryRecord, 'atMs'>): void {
    push(this.#dnsQueries, { ...query, atMs: Date.now() });
  }

  clear(): void {
    this.#connections.length = 0;
    this.#requests.length = 0;
    this.#dnsQueries.length = 0;
  }
}

/** `::ffff:192.0.2.1` of a dual-stack socket is an IPv4 address to everybody else. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}

function endpoints(socket: Socket): string {
  return `${socket.localAddress} ${socket.localPort} ${socket.remoteAddress} ${socket.remotePort}`;
}

function push<T>(list: T[], item: T): void {
  if (list.length >= maxRecords) throw new Error(`more than ${maxRecords} records: a test forgot to stop`);
  list.push(item);
}
