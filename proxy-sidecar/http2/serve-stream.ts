// One stream from head to record: admitted, decided alone, forwarded or refused.
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { RequestHead } from '../../engine/decide/request-decision.ts';
import type { GateVerdict } from '../connection/request-gate.ts';
import { CredentialRedactor } from '../http/credential-redactor.ts';
import { wantsText } from '../http/deny-text.ts';
import { admitHttp2Request, type Http2Request } from './admit-request.ts';
import { forwardH1 } from './forward-h1.ts';
import { forwardH2 } from './forward-h2.ts';
import type { Forwarded, Forwarding } from './forwarding.ts';
import { HeldBytes } from './held-bytes.ts';
import { readWholeBody, type WholeBody } from './read-whole-body.ts';
import { refuseStream } from './refuse-stream.ts';
import { resetStream } from './reset-stream.ts';
import type { ServeHttp2Options } from './serve-http2-options.ts';
import { authorityOf, upstreamFields } from './upstream-fields.ts';
import type { UpstreamSessions } from './upstream-sessions.ts';

type Permitted = Extract<GateVerdict, { verdict: 'Permit' }>;

interface Decided {
  readonly permitted: Permitted;
  readonly body: Buffer | undefined;
}

const noBytes = { bytesUp: 0, bytesDown: 0 };
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const bodyStatus = { BodyTooLarge: 413, Timeout: 408, Truncated: 400, NoRoom: 503 } as const;

/** False when the stream was not worth its price: refused, malformed or given up by the agent. */
export async function serveStream(
  stream: ServerHttp2Stream,
  raw: readonly string[],
  upstreams: UpstreamSessions,
  options: ServeHttp2Options,
): Promise<boolean> {
  stream.on('error', () => undefined);
  // From the first moment: they may be here before policy has answered.
  let trailers: readonly string[] = [];
  stream.on('trailers', (_headers, _flags, list: string[]) => {
    trailers = list;
  });
  const { gate, limits } = options;
  const admitted = admitHttp2Request(raw, stream.endAfterHeaders, gate, limits.http);
  if (!admitted.ok) {
    refuseMalformed(stream, { method: '', target: '', isWebSocket: false }, admitted.status, admitted.problem, options);
    return false;
  }
  const { request } = admitted;
  const held = new HeldBytes(options.budget);
  try {
    const decided = await decide(stream, request, held, options);
    if (decided === undefined) return false;
    return await forward(stream, request, { ...decided, trailers: () => trailers }, upstreams, options);
  } finally {
    held.resize(0);
  }
}

/** Asks the gate, a second time with the body where it wants one; undefined once the stream has its refusal. */
async function decide(
  stream: ServerHttp2Stream,
  request: Http2Request,
  held: HeldBytes,
  options: ServeHttp2Options,
): Promise<Decided | undefined> {
  const { gate, limits } = options;
  const { head } = request;
  let verdict = await gate.decide(head);
  let body: Buffer | undefined;
  if (verdict.verdict === 'NeedsBody') {
    const read = held.resize(verdict.maxBytes)
      ? await readBody(stream, request, verdict.maxBytes, limits)
      : ({ ok: false, problem: 'NoRoom' } as const);
    if (!read.ok) {
      refuseMalformed(stream, head, bodyStatus[read.problem], read.problem, options, shapeFor(request));
      return undefined;
    }
    body = read.body;
    // An answer may stream for hours: only what is held counts meanwhile.
    held.resize(body.length);
    verdict = await gate.decide(head, body);
  }
  if (verdict.verdict === 'Permit') return { permitted: verdict, body };
  if (verdict.verdict === 'NeedsBody') throw new Error('the gate asked for a body that it has');
  gate.record(head, { outcome: 'Refused', status: verdict.status, reason: verdict.body.error, ...noBytes });
  const path = head.target.split('?', 1)[0] ?? '';
  refuseStream(stream, verdict.status, { ...verdict.body, method: head.method, path }, shapeFor(request));
  return undefined;
}

async function readBody(
  stream: ServerHttp2Stream,
  { expectsContinue }: Http2Request,
  maxBytes: number,
  { http }: ServeHttp2Options['limits'],
): Promise<WholeBody> {
  if (expectsContinue && !stream.closed) stream.additionalHeaders({ ':status': 100 });
  return await readWholeBody(stream, maxBytes, http.idleMs);
}

async function forward(
  agent: ServerHttp2Stream,
  request: Http2Request,
  { permitted, body, trailers }: Decided & Pick<Forwarding, 'trailers'>,
  upstreams: UpstreamSessions,
  { gate, limits, signal }: ServeHttp2Options,
): Promise<boolean> {
  const { head } = request;
  const end = new AbortController();
  const unwatch = gate.watch(head, body, () => end.abort());
  const redactor = CredentialRedactor.for(permitted.setFields);
  const forwarding: Forwarding = {
    agent,
    request,
    fields: upstreamFields(request, permitted, body !== undefined),
    authority: authorityOf(gate),
    trailers,
    limits,
    signal: AbortSignal.any([signal, end.signal]),
    ...(body === undefined ? {} : { body }),
    ...(redactor === undefined ? {} : { redactor }),
  };
  const result = await forwardOnce(permitted, forwarding, upstreams, true);
  unwatch();
  const { outcome, status, reason, bytesUp, bytesDown } = result;
  gate.record(head, { outcome, status, bytesUp, bytesDown, ...(reason === undefined ? {} : { reason }) });
  if (end.signal.aborted) resetStream(agent, constants.NGHTTP2_CANCEL);
  else if (outcome === 'BadUpstream' && !agent.headersSent) {
    const detail = `No usable answer from ${gate.host}:${gate.port}: ${reason ?? 'Truncated'}.`;
    refuseStream(agent, status, { error: 'BadUpstream', detail, host: gate.host, port: gate.port }, shapeFor(request));
  }
  return reason !== 'ClientGone';
}

/** Asked again once, on a new session, where upstream says that it did nothing and asking twice changes nothing. */
async function forwardOnce(
  permitted: Permitted,
  forwarding: Forwarding,
  upstreams: UpstreamSessions,
  mayRetry: boolean,
): Promise<Forwarded> {
  const upstream = await upstreams.acquire(permitted.permit);
  if (!upstream.ok) return { outcome: 'BadUpstream', status: 502, reason: upstream.problem, ...noBytes };
  // Policy may have changed while it was dialled: nothing of the request leaves any more.
  if (forwarding.signal.aborted) {
    if (upstream.alpn === 'http/1.1') upstream.stream.destroy();
    return { outcome: 'BadUpstream', status: 502, reason: 'NoLongerAllowed', ...noBytes };
  }
  if (upstream.alpn === 'http/1.1') return await forwardH1(upstream.stream, forwarding);
  const result = await forwardH2(upstream.session, forwarding);
  const isSafe = safeMethods.has(forwarding.request.head.method) && forwarding.request.body.kind === 'None';
  if (!mayRetry || result.isUnprocessed !== true || !isSafe || forwarding.agent.closed) return result;
  return await forwardOnce(permitted, forwarding, upstreams, false);
}

function refuseMalformed(
  stream: ServerHttp2Stream,
  head: RequestHead,
  status: number,
  problem: string,
  { gate }: ServeHttp2Options,
  shape: RefusalShape = 'Json',
): void {
  const { host, port } = gate;
  gate.record(head, { outcome: 'BadRequest', status, reason: problem, ...noBytes });
  const detail = `The request was refused before policy looked at it: ${problem}.`;
  const next = 'Send one well-formed request whose :authority names the host connected to.';
  refuseStream(stream, status, { error: problem, detail, host, port, next }, shape);
}

type RefusalShape = Parameters<typeof refuseStream>[3];

function shapeFor({ isGrpc, fields }: Http2Request): RefusalShape {
  if (isGrpc) return 'Grpc';
  return wantsText(fields) ? 'Text' : 'Json';
}
