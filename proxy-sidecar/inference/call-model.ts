// One recognised call on one route: to the model server and back, bytes unchanged but for the key's echo.
import type { Duplex } from 'node:stream';
import type { Route } from '../../protocol/snapshot.ts';
import { encodeChunk, lastChunk } from '../http/chunked-decoder.ts';
import { headerField } from '../http/header-fields.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import type { RequestHead } from '../http/parse-request-head.ts';
import type { ResponseHead } from '../http/parse-response-head.ts';
import { readBody } from '../http/read-body.ts';
import { readResponseHead } from '../http/read-response-head.ts';
import { framingFields, serializeRequestHead, serializeResponseHead } from '../http/serialize-head.ts';
import { writeBytes } from '../http/write-bytes.ts';
import type { InferenceProblem } from './inference-problem.ts';
import { KeyRedactor } from './key-redactor.ts';
import type { RouteTarget } from './route-target.ts';
import type { SecretValue } from './secret-value.ts';
import { agentResponseFields, upstreamRequestFields } from './upstream-fields.ts';
import type { PooledConnection, UpstreamPool } from './upstream-pool.ts';
import { type Usage, UsageCounter } from './usage-counter.ts';

export interface ModelCall {
  readonly request: RequestHead;
  /** Behind the endpoint's version path. */
  readonly path: string;
  /** Undefined for GET. */
  readonly body: readonly Buffer[] | undefined;
  readonly route: Route;
  readonly target: RouteTarget;
  readonly secret: SecretValue | undefined;
  /** The agent keeps its connection when the answer lets it. */
  readonly wantsKeepAlive: boolean;
}

export type CallResult =
  | {
      readonly ok: true;
      readonly status: number;
      readonly usage: Usage;
      readonly keepAlive: boolean;
      readonly isWhole: boolean;
    }
  | { readonly ok: false; readonly problem: InferenceProblem; readonly detail?: string };

export async function callModel(
  client: Duplex,
  call: ModelCall,
  pool: UpstreamPool,
  limits: HttpLimits,
  signal: AbortSignal,
): Promise<CallResult> {
  for (const fresh of [false, true]) {
    const acquired = await pool.acquire(call.route, call.target, fresh, signal);
    if (!acquired.ok) return { ok: false, problem: 'UpstreamUnreachable', detail: acquired.problem };
    const result = await exchange(client, call, acquired, pool, limits, signal);
    if (result !== 'Stale') return result;
  }
  return { ok: false, problem: 'UpstreamUnreachable' };
}

/** `Stale`: a kept connection that had ended before it could carry the call; nothing has reached the agent. */
async function exchange(
  client: Duplex,
  call: ModelCall,
  connection: PooledConnection,
  pool: UpstreamPool,
  limits: HttpLimits,
  signal: AbortSignal,
): Promise<CallResult | 'Stale'> {
  const { stream, reader } = connection;
  const abort = () => stream.destroy();
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    await writeBytes(stream, requestBytes(call));
    const firstByte = { ...limits, idleMs: call.route.timeoutMs };
    const response = await readResponseHead(reader, call.request.method, firstByte, () => undefined);
    if (!response.ok) {
      stream.destroy();
      if (response.problem === 'Truncated' && !connection.isFresh && !signal.aborted) return 'Stale';
      const problem = response.problem === 'Timeout' ? 'UpstreamTimeout' : 'BadUpstream';
      return { ok: false, problem, detail: response.problem };
    }
    const refusal = refusalOf(response.head);
    if (refusal !== undefined) {
      stream.destroy();
      return { ok: false, problem: refusal };
    }
    const sent = await sendAnswer(client, call, connection, response.head, limits);
    if (sent.isWhole && isPersistent(response.head)) pool.release(call.route, call.target, connection);
    else stream.destroy();
    return { ok: true, status: response.head.status, ...sent };
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** One write: most calls fit one TLS record. */
function requestBytes({ request, path, body, route, target, secret }: ModelCall): Buffer {
  const contentLength = body?.reduce((sum, piece) => sum + piece.length, 0);
  const fields = upstreamRequestFields(request.fields, {
    authority: target.authority,
    dialect: route.provider,
    secret,
    contentLength,
  });
  return Buffer.concat([serializeRequestHead(request.method, `${target.basePath}${path}`, fields), ...(body ?? [])]);
}

/** Answers that are about the route and not for the agent. */
function refusalOf({ status, fields }: ResponseHead): InferenceProblem | undefined {
  if (status === 401 || status === 407) return 'UpstreamRefusedKey';
  if (status >= 300 && status < 400) return 'UpstreamRedirect';
  // Identity was asked for; what is packed cannot be searched for the key.
  const isEncoded = fields.some(({ key, value }) => key === 'content-encoding' && value.toLowerCase() !== 'identity');
  return isEncoded ? 'BadUpstream' : undefined;
}

async function sendAnswer(
  client: Duplex,
  call: ModelCall,
  { reader }: PooledConnection,
  response: ResponseHead,
  limits: HttpLimits,
): Promise<{ readonly usage: Usage; readonly keepAlive: boolean; readonly isWhole: boolean }> {
  const { framing } = response;
  const isChunked = framing.kind === 'Chunked' && call.request.version === '1.1';
  const keepAlive = call.wantsKeepAlive && framing.kind !== 'Close';
  const redactor = new KeyRedactor(call.secret?.expose() ?? '');
  const isStream = response.fields.some(({ key, value }) => key === 'content-type' && /event-stream/i.test(value));
  const counter = new UsageCounter(isStream);
  const send = (data: Buffer) => writeBytes(client, isChunked ? encodeChunk(data) : data);
  let isOpen = await writeBytes(client, answerHead(call, response, isChunked, keepAlive));
  for await (const piece of readBody(reader, framing, limits)) {
    if (piece.kind === 'Bad') {
      // The head is out: only a broken connection says that this is not all.
      client.destroy();
      isOpen = false;
    } else if (piece.kind === 'Data') {
      isOpen = await send(redactor.push(piece.data));
      if (call.body !== undefined) counter.push(piece.data);
    } else {
      isOpen = await send(redactor.end());
      if (isChunked) isOpen = await writeBytes(client, lastChunk);
    }
    if (!isOpen) return { usage: usageOf(call, counter), keepAlive: false, isWhole: false };
  }
  return { usage: usageOf(call, counter), keepAlive, isWhole: true };
}

function answerHead(call: ModelCall, response: ResponseHead, isChunked: boolean, keepAlive: boolean): Buffer {
  const key = call.secret?.expose();
  const framing = response.framing.kind === 'Chunked' && !isChunked ? ({ kind: 'Close' } as const) : response.framing;
  const fields = agentResponseFields(response.fields).filter(({ value }) => key === undefined || !value.includes(key));
  return serializeResponseHead(response.status, key === undefined ? response.reason : '', [
    ...fields,
    ...framingFields(framing),
    headerField('Connection', keepAlive && framing.kind !== 'Close' ? 'keep-alive' : 'close'),
  ]);
}

/** Lists of models cost no tokens. */
function usageOf({ body }: ModelCall, counter: UsageCounter): Usage {
  return body === undefined ? { tokens: 0, isEstimate: false } : counter.end();
}

function isPersistent({ version, fields, framing }: ResponseHead): boolean {
  const isClosing = fields.some(({ key, value }) => key === 'connection' && /\bclose\b/i.test(value));
  return version === '1.1' && !isClosing && framing.kind !== 'Close';
}
