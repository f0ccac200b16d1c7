// What a test and the process inside the outside world say to each other: POST /<operation> with a JSON body over a unix
// socket, answered with JSON. Types only; both ends are of one tree.

/** Where the outside world listens from the start, on every address there is. */
export const outsidePorts = {
  echo: 7,
  sink: 9,
  ssh: 22,
  smtp: 25,
  dns: 53,
  http: 80,
  https: 443,
  /** The model server without TLS, whatever the Host. */
  model: 8000,
} as const;

/** The outside's resolver answers at every address; this is the one that tests give to resolvers. */
export const outsideDnsAddress = '9.9.9.9';

/** What a name resolves to unless the zone says otherwise: a public address, as policies see it. */
export const defaultAddress = '93.184.215.14';

/** Hosts that are the model server on 80 and 443 unless a test says otherwise. */
export const defaultModelHosts: readonly string[] = [
  'model.test',
  'api.openai.com',
  'integrate.api.nvidia.com',
  'nim.test',
  'vllm.test',
];

export interface ConnectionRecord {
  readonly id: number;
  readonly service: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly atMs: number;
  /** From the TLS handshake. */
  readonly serverName?: string;
  /** Why a TLS handshake failed. */
  readonly tlsError?: string;
  readonly bytesIn: number;
  /** Of all bytes received; kept by echo, sink and banner. */
  readonly sha256?: string;
  /** How the peer ended it; absent while it is open. */
  readonly ended?: 'fin' | 'reset';
}

export interface RequestRecord {
  readonly id: number;
  readonly kind: 'web' | 'model';
  readonly scheme: 'http' | 'https';
  readonly httpVersion: string;
  readonly method: string;
  /** Path and query as received. */
  readonly path: string;
  /** Host or :authority, lower case, without a port. */
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
  /** UTF-8, at most 1 MiB of it. */
  readonly body: string;
  readonly bodyBytes: number;
  readonly bodySha256: string;
  readonly trailers?: Readonly<Record<string, string>>;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly atMs: number;
}

export interface DnsQueryRecord {
  /** Lower case, without the trailing dot. */
  readonly name: string;
  readonly type: string;
  readonly transport: 'udp' | 'tcp';
  readonly from: string;
  readonly atMs: number;
}

export interface ZoneEntry {
  /** IPv4 and IPv6, each answered to its own query type. */
  readonly addresses?: readonly string[];
  readonly cname?: string;
  readonly ttlSeconds?: number;
  /** SILENT never answers. */
  readonly failure?: 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'SILENT';
  /** UDP answers are cut off, so that the asker must come back over TCP. */
  readonly truncateUdp?: boolean;
}

/** Name → entry; `*.example.test` covers every name below, `*` every name. The most specific one wins. */
export type Zone = Readonly<Record<string, ZoneEntry>>;

/** What a web server answers instead of its echo; absent fields match anything. The newest match wins. */
export interface WebAnswer {
  readonly host?: string;
  /** Without the query. */
  readonly path?: string;
  readonly method?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Waits before answering. */
  readonly delayMs?: number;
}

export interface ModelSettings {
  /** Hosts that are the model server on 80 and 443. */
  readonly hosts?: readonly string[];
  /** What GET /v1/models lists; requests may name any. */
  readonly models?: readonly string[];
  /** When set, any other key is answered with 401. */
  readonly apiKey?: string;
  /** Between two chunks of a stream. */
  readonly chunkDelayMs?: number;
  /** The next calls are answered with this status, as often as it says. */
  readonly failNext?: { readonly status: number; readonly times: number };
  /** What the model says instead of naming itself and repeating the question. */
  readonly text?: string;
}

export type TcpService =
  | { readonly kind: 'echo' }
  | { readonly kind: 'sink' }
  /** Speaks first, then echoes. */
  | { readonly kind: 'banner'; readonly text: string }
  | { readonly kind: 'http' }
  /** Where told so it asks for a client certificate in TLS of up to that version, and goes no further without. */
  | { readonly kind: 'https'; readonly asksForCertificate?: 'TLSv1.2' | 'TLSv1.3' }
  /** Passes each connection on to a unix socket: how a server of the test process is reached from a pod. */
  | { readonly kind: 'unix'; readonly path: string };

export interface Operations {
  readonly info: { readonly args: Record<string, never>; readonly result: { readonly caPem: string } };
  readonly connections: { readonly args: Record<string, never>; readonly result: readonly ConnectionRecord[] };
  readonly requests: { readonly args: Record<string, never>; readonly result: readonly RequestRecord[] };
  readonly dnsQueries: { readonly args: Record<string, never>; readonly result: readonly DnsQueryRecord[] };
  /** Forgets records, answers, zone and model settings; listeners stay. */
  readonly reset: { readonly args: Record<string, never>; readonly result: null };
  readonly setZone: { readonly args: { readonly zone: Zone }; readonly result: null };
  readonly answer: { readonly args: WebAnswer; readonly result: null };
  readonly setModel: { readonly args: ModelSettings; readonly result: null };
  readonly listen: { readonly args: { readonly port: number; readonly service: TcpService }; readonly result: null };
  readonly unlisten: { readonly args: { readonly port: number }; readonly result: null };
}

export type OperationName = keyof Operations;
