// Plain HTTP by Host: one client connection, each request admitted, decided alone, re-serialised and answered in order.
import type { Duplex } from 'node:stream';
import type { Permit } from '../../engine/decide/permit.ts';
import type { RequestHead as RequestFacts } from '../../engine/decide/request-decision.ts';
import type { GateRecord, GateVerdict, RequestGate } from '../connection/request-gate.ts';
import { forwardWebSocket } from '../websocket/forward-websocket.ts';
import type { MessageBudget } from '../websocket/web-socket-relay.ts';
import { type BodyProblem, bufferBody } from './buffer-body.ts';
import { ByteReader } from './byte-reader.ts';
import { endGently, wantsKeepAlive } from './connection-end.ts';
import { type DenyBody, type DenyOptions, denyResponse } from './deny-response.ts';
import { wantsText } from './deny-text.ts';
import { type ExchangeResult, forwardExchange } from './forward-exchange.ts';
import type { HttpLimits } from './http-limits.ts';
import { parseRequestHead, type RequestHead } from './parse-request-head.ts';
import { readHead } from './read-head.ts';
import { requestFacts } from './request-facts.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import { writeBytes } from './write-bytes.ts';

export type Dialled = { readonly ok: true; readonly stream: Duplex } | { readonly ok: false; readonly problem: string };

export interface ServeHttpOptions {
  /** Asked once a request, also on kept-alive connections: grants expire and policies change between two. */
  readonly gate: RequestGate;
  /** Called for a permitted request only. */
  readonly dial: (permit: Permit, signal: AbortSignal) => Promise<Dialled>;
  readonly limits: HttpLimits;
  /** For bodies and WebSocket messages that wait to be read by a rule. */
  readonly budget?: MessageBudget;
  /** Aborted when the connection must end at once: policy change, shutdown. */
  readonly signal: AbortSignal;
  /** Ends the agent's connection so that it cannot take what it has got for all. Default: destroys the client. */
  readonly cut?: () => void;
}

/** Serves the connection to its end and destroys it; never throws for what client or upstream do. */
export async function serveHttp(client: Duplex, options: ServeHttpOptions): Promise<void> {
  const reader = new ByteReader(client);
  const upstream = new UpstreamConnection(options.dial, options.signal);
  const serving: Serving = { client, reader, upstream, abort: () => abort() };
  const abort = () => {
    // A WebSocket is told why, and carries nothing more.
    if (serving.webSocket !== undefined) return serving.webSocket.abort();
    options.cut?.();
    client.destroy();
    upstream.end();
  };
  options.signal.addEventListener('abort', abort, { once: true });
  if (options.signal.aborted) abort();
  try {
    while (await serveOne(serving, options));
    await endGently(client, reader);
  } finally {
    options.signal.removeEventListener('abort', abort);
    upstream.close();
    client.destroy();
  }
}

interface Serving {
  readonly client: Duplex;
  readonly reader: ByteReader;
  readonly upstream: UpstreamConnection;
  /** Breaks off both connections. */
  readonly abort: () => void;
  /** Of a WebSocket under way. */
  webSocket?: AbortController;
}

/** True while another request may follow. */
async function serveOne(serving: Serving, options: ServeHttpOptions): Promise<boolean> {
  const { client, reader } = serving;
  const { gate } = options;
  const admitted = await admit(reader, options);
  if (admitted === undefined) return false;
  if (!admitted.ok) {
    const { status, problem } = admitted;
    gate.record(unread, { outcome: 'BadRequest', status, reason: problem, bytesUp: 0, bytesDown: 0 });
    await writeBytes(client, denyResponse(badRequestBody(problem, options), { status }));
    return false;
  }
  const { head } = admitted;
  const facts = requestFacts(head);
  const verdict = await gate.decide(facts);
  if (verdict.verdict !== 'NeedsBody') return await answer(serving, { head, facts, verdict }, options);
  if (options.budget?.reserve(verdict.maxBytes) === false)
    return await refuse(serving, { head, facts }, unreadable('NoRoom', options), options);
  let heldBytes = verdict.maxBytes;
  try {
    const read = await bufferBody(client, reader, head, verdict.maxBytes, options.limits);
    if (!read.ok) return await refuse(serving, { head, facts }, unreadable(read.problem, options), options);
    // An answer may stream for hours: only what is held counts meanwhile.
    options.budget?.release(heldBytes - read.body.length);
    heldBytes = read.body.length;
    const again = await gate.decide(facts, read.body);
    // Told to read it all, and asked for more once it is all there: nothing that may go on.
    const second = again.verdict === 'NeedsBody' ? unreadable('BodyTooLarge', options) : again;
    return await answer(serving, { head, facts, verdict: second, body: read.body }, options);
  } finally {
    options.budget?.release(heldBytes);
  }
}

interface Request {
  readonly head: RequestHead;
  readonly facts: RequestFacts;
  /** Read to its end because a rule looks into it. */
  readonly body?: Buffer;
}

async function answer(
  serving: Serving,
  request: Request & { readonly verdict: Exclude<GateVerdict, { verdict: 'NeedsBody' }> },
  options: ServeHttpOptions,
): Promise<boolean> {
  const { verdict, facts, body } = request;
  if (verdict.verdict === 'Refuse') return await refuse(serving, request, verdict, options);
  const forget = options.gate.watch(facts, body, serving.abort);
  try {
    const result = await forward(serving, request, verdict, options);
    options.gate.record(facts, recordOf(result));
    return result.keepAlive;
  } finally {
    forget();
  }
}

function forward(
  serving: Serving,
  { head, facts, body }: Request,
  { permit, setFields, text }: Extract<GateVerdict, { verdict: 'Permit' }>,
  options: ServeHttpOptions,
): Promise<ExchangeResult> {
  const { client, reader, upstream } = serving;
  const outgoing = { head, permit, setFields, ...(body === undefined ? {} : { body }) };
  if (!facts.isWebSocket) return forwardExchange(client, reader, upstream, outgoing, options);
  const onSwitch = () => {
    serving.webSocket = new AbortController();
    return serving.webSocket.signal;
  };
  const { budget } = options;
  const bounds = { ...(text === undefined ? {} : { text }), ...(budget === undefined ? {} : { budget }) };
  const webSocket = { ...outgoing, ...bounds, onSwitch };
  return forwardWebSocket({ stream: client, reader }, upstream, webSocket, options);
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
  const parsed = parseRequestHead(read.bytes, options.gate.defaultPort, options.limits);
  if (!parsed.ok) return parsed;
  const { host, port } = parsed.head;
  // Routed by the captured connection alone; a Host of another name is a second opinion nobody asked for.
  return host === options.gate.host && port === options.gate.port
    ? parsed
    : { ok: false, status: 421, problem: 'HostMismatch' };
}

/** Answers without reading the body; so only a request without one, or whose body is read, leaves the connection usable. */
async function refuse(
  { client }: Serving,
  { head, facts, body: read }: Request,
  { status, body }: Extract<GateVerdict, { verdict: 'Refuse' }>,
  { gate }: ServeHttpOptions,
): Promise<boolean> {
  const keepAlive = (head.framing.kind === 'None' || read !== undefined) && wantsKeepAlive(head);
  const denyOptions: DenyOptions = {
    status,
    keepAlive,
    headOnly: head.method === 'HEAD',
    asText: wantsText(head.fields),
  };
  gate.record(facts, { outcome: 'Refused', status, reason: body.error, bytesUp: 0, bytesDown: 0 });
  return (await writeBytes(client, denyResponse(body, denyOptions))) && keepAlive;
}

function recordOf({ outcome, status, reason, bytesUp, bytesDown }: ExchangeResult): GateRecord {
  return { outcome, status, bytesUp, bytesDown, ...(reason === undefined ? {} : { reason }) };
}

/** Stands for a request that was refused before it could be read. */
const unread: RequestFacts = { method: '', target: '', isWebSocket: false };

function badRequestBody(problem: string, { gate: { host, port } }: ServeHttpOptions): DenyBody {
  return {
    error: problem,
    detail: `The request was refused before policy looked at it: ${problem}.`,
    host,
    port,
    next: 'Send plain HTTP/1.1 with one Host field that names the host connected to.',
  };
}

function unreadable(
  problem: BodyProblem | 'NoRoom',
  { gate: { host, port } }: ServeHttpOptions,
): Extract<GateVerdict, { verdict: 'Refuse' }> {
  const status = { BodyTooLarge: 413, Timeout: 408, NoRoom: 503 }[problem as string] ?? 400;
  const detail = `A rule reads the bodies of such requests, and this one cannot be read: ${problem}.`;
  return { verdict: 'Refuse', status, body: { error: problem, detail, host, port } };
}
