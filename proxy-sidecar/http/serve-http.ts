// Plain HTTP by Host: one client connection, each request admitted, decided alone, re-serialised and answered in order.
import type { Duplex } from 'node:stream';
import type { Permit } from '../../engine/decide/permit.ts';
import { ByteReader } from './byte-reader.ts';
import { endGently, wantsKeepAlive } from './connection-end.ts';
import { type DenyBody, type DenyOptions, denyResponse } from './deny-response.ts';
import { type ExchangeResult, forwardExchange } from './forward-exchange.ts';
import type { HttpLimits } from './http-limits.ts';
import { parseRequestHead, type RequestHead } from './parse-request-head.ts';
import { readHead } from './read-head.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import { writeBytes } from './write-bytes.ts';

/** What policy sees of a request. */
export interface RequestFacts {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly port: number;
}

export type RequestVerdict =
  | { readonly verdict: 'Permit'; readonly permit: Permit }
  | { readonly verdict: 'Refuse'; readonly body: DenyBody; readonly status?: number };

export type Dialled = { readonly ok: true; readonly stream: Duplex } | { readonly ok: false; readonly problem: string };

/** What became of one request, for the audit line. `bytes` are of bodies, as sent on. */
export interface ExchangeRecord {
  readonly facts: RequestFacts;
  readonly outcome: 'Forwarded' | 'Refused' | 'BadRequest' | 'BadUpstream';
  readonly status: number;
  /** The problem's or denial's name. */
  readonly reason?: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface ServeHttpOptions {
  /** Canonical name (or address) and port of the captured connection: Host must be it. */
  readonly host: string;
  readonly port: number;
  /** Of the scheme: 80, or 443 where TLS was terminated. Host may leave it out. */
  readonly defaultPort?: number;
  /** Called once a request, also on kept-alive connections: grants expire and policies change between two. */
  readonly decideRequest: (facts: RequestFacts) => Promise<RequestVerdict>;
  readonly dial: (permit: Permit, signal: AbortSignal) => Promise<Dialled>;
  readonly record?: (record: ExchangeRecord) => void;
  readonly limits: HttpLimits;
  /** Aborted when the connection must end at once: policy change, shutdown. */
  readonly signal: AbortSignal;
}

/** Serves the connection to its end and destroys it; never throws for what client or upstream do. */
export async function serveHttp(client: Duplex, options: ServeHttpOptions): Promise<void> {
  const reader = new ByteReader(client);
  const upstream = new UpstreamConnection(options.dial, options.signal);
  const abort = () => client.destroy();
  options.signal.addEventListener('abort', abort, { once: true });
  if (options.signal.aborted) abort();
  try {
    while (await serveOne(client, reader, upstream, options));
    await endGently(client, reader);
  } finally {
    options.signal.removeEventListener('abort', abort);
    upstream.close();
    client.destroy();
  }
}

/** True while another request may follow. */
async function serveOne(
  client: Duplex,
  reader: ByteReader,
  upstream: UpstreamConnection,
  options: ServeHttpOptions,
): Promise<boolean> {
  const admitted = await admit(reader, options);
  if (admitted === undefined) return false;
  if (!admitted.ok) {
    const { status, problem } = admitted;
    const facts = { method: '', target: '', host: options.host, port: options.port };
    options.record?.({ facts, outcome: 'BadRequest', status, reason: problem, bytesUp: 0, bytesDown: 0 });
    await writeBytes(client, denyResponse(badRequestBody(problem, options), { status }));
    return false;
  }
  const { head } = admitted;
  const facts = { method: head.method, target: head.target, host: head.host, port: head.port };
  const verdict = await options.decideRequest(facts);
  if (verdict.verdict === 'Refuse') return refuse(client, head, facts, verdict, options);
  const result = await forwardExchange(client, reader, upstream, head, verdict.permit, options);
  options.record?.({ facts, ...recordOf(result) });
  return result.keepAlive;
}

type Admitted =
  | { readonly ok: true; readonly head: RequestHead }
  | { readonly ok: false; status: number; problem: string };

async function admit(reader: ByteReader, options: ServeHttpOptions): Promise<Admitted | undefined> {
  const read = await readHead(reader, options.limits.keepAliveMs, options.limits);
  if (!read.ok) {
    if (read.problem === 'Closed' || read.problem === 'Truncated') return undefined;
    const status = { Timeout: 408, HeadTooLarge: 431, BareCrOrLf: 400 }[read.problem];
    return { ok: false, status, problem: read.problem };
  }
  const parsed = parseRequestHead(read.bytes, options.defaultPort ?? 80, options.limits);
  if (!parsed.ok) return parsed;
  const { host, port } = parsed.head;
  // Routed by the captured connection alone; a Host of another name is a second opinion nobody asked for.
  return host === options.host && port === options.port ? parsed : { ok: false, status: 421, problem: 'HostMismatch' };
}

/** Answers without reading the body; so only a request without one leaves the connection usable. */
async function refuse(
  client: Duplex,
  head: RequestHead,
  facts: RequestFacts,
  { body, status = 403 }: Extract<RequestVerdict, { verdict: 'Refuse' }>,
  options: ServeHttpOptions,
): Promise<boolean> {
  const keepAlive = head.framing.kind === 'None' && wantsKeepAlive(head);
  const denyOptions: DenyOptions = { status, keepAlive, headOnly: head.method === 'HEAD' };
  options.record?.({ facts, outcome: 'Refused', status, reason: body.error, bytesUp: 0, bytesDown: 0 });
  const path = head.target.split('?', 1)[0] ?? '';
  return (await writeBytes(client, denyResponse({ ...body, method: head.method, path }, denyOptions))) && keepAlive;
}

function recordOf(result: ExchangeResult): Omit<ExchangeRecord, 'facts'> {
  const { outcome, status, reason, bytesUp, bytesDown } = result;
  return { outcome, status, bytesUp, bytesDown, ...(reason === undefined ? {} : { reason }) };
}

function badRequestBody(problem: string, { host, port }: ServeHttpOptions): DenyBody {
  return {
    error: problem,
    detail: `The request was refused before policy looked at it: ${problem}.`,
    host,
    port,
    next: 'Send plain HTTP/1.1 with one Host field that names the host connected to.',
  };
}
