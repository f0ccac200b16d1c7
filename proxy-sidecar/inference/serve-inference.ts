// https://inference.local: the agent's model, whatever key it sends. TLS is the caller's; here are the calls within.
import type { Duplex } from 'node:stream';
import { inferenceHost } from '../../protocol/constants.ts';
import type { NoRoute, Route } from '../../protocol/snapshot.ts';
import { ByteReader } from '../http/byte-reader.ts';
import { endGently, wantsKeepAlive } from '../http/connection-end.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import { parseRequestHead, type RequestHead } from '../http/parse-request-head.ts';
import { readHead } from '../http/read-head.ts';
import { writeBytes } from '../http/write-bytes.ts';
import type { ByteBudget } from './byte-budget.ts';
import { callModel } from './call-model.ts';
import { type InferenceProblem, problemResponse, statusOfProblem } from './inference-problem.ts';
import { readRequestBody } from './read-request-body.ts';
import { type RecognisedCall, recogniseCall } from './recognise-call.ts';
import { replaceModel } from './replace-model.ts';
import { routeTarget } from './route-target.ts';
import { SecretValue } from './secret-value.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import type { Usage } from './usage-counter.ts';

/** One line of audit: what was called on which profile and what came of it; no header, body or key. */
export interface InferenceRecord {
  readonly method: string;
  readonly path: string;
  readonly profile: string;
  readonly model: string;
  readonly status: number;
  readonly problem?: InferenceProblem;
  readonly usage: Usage;
  readonly durationMs: number;
}

export interface ServeInferenceOptions {
  /** Asked at each call: the next one uses a new route, those in flight finish on theirs. */
  readonly currentRoute: () => Route | NoRoute | undefined;
  readonly pool: UpstreamPool;
  /** Shared by all connections of the sandbox: 64 MiB. */
  readonly budget: ByteBudget;
  readonly record: (record: InferenceRecord) => void;
  readonly limits: HttpLimits;
  readonly signal: AbortSignal;
  /** Default inference.local; a provider's own host where it is routed here. */
  readonly host?: string;
}

/** Serves calls until the agent or the signal ends the connection; destroys it at the end. */
export async function serveInference(client: Duplex, options: ServeInferenceOptions): Promise<void> {
  const reader = new ByteReader(client);
  // An agent that hangs up takes its call with it: nobody pays for tokens that nobody reads.
  const gone = new AbortController();
  const leave = () => gone.abort();
  const stop = () => client.destroy();
  for (const event of ['end', 'close', 'error']) client.on(event, leave);
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();
  try {
    while (await serveCall(client, reader, options, gone.signal));
    await endGently(client, reader);
  } finally {
    options.signal.removeEventListener('abort', stop);
    client.destroy();
  }
}

async function serveCall(
  client: Duplex,
  reader: ByteReader,
  options: ServeInferenceOptions,
  gone: AbortSignal,
): Promise<boolean> {
  const { limits, host = inferenceHost } = options;
  const read = await readHead(reader, limits.keepAliveMs, limits);
  if (!read.ok) return read.problem === 'BareCrOrLf' && refuseUnread(client, 'BadBody', read.problem);
  const parsed = parseRequestHead(read.bytes, 443, limits);
  if (!parsed.ok) return refuseUnread(client, 'BadBody', parsed.problem);
  if (parsed.head.host !== host || parsed.head.port !== 443)
    return refuseUnread(client, 'NotInference', `the Host field must be ${host}`);
  const startMs = performance.now();
  const outcome = await answerCall(client, reader, parsed.head, options, gone);
  options.record({ ...outcome.facts, durationMs: performance.now() - startMs });
  return outcome.keepAlive;
}

async function refuseUnread(client: Duplex, problem: InferenceProblem, detail: string): Promise<false> {
  await writeBytes(client, problemResponse(problem, detail, false));
  return false;
}

interface Outcome {
  readonly keepAlive: boolean;
  readonly facts: Omit<InferenceRecord, 'durationMs'>;
}

async function answerCall(
  client: Duplex,
  reader: ByteReader,
  head: RequestHead,
  options: ServeInferenceOptions,
  gone: AbortSignal,
): Promise<Outcome> {
  const route = options.currentRoute();
  const facts = {
    method: head.method,
    path: head.target.split('?', 1)[0] ?? '',
    profile: route !== undefined && 'profile' in route ? route.profile : '',
    model: route !== undefined && 'profile' in route ? route.model : '',
  };
  const refuse = async (problem: InferenceProblem, detail?: string, isBodyRead = false): Promise<Outcome> => {
    const keepAlive = (isBodyRead || head.framing.kind === 'None') && wantsKeepAlive(head);
    await writeBytes(client, problemResponse(problem, detail, keepAlive));
    const usage = { tokens: 0, isEstimate: false };
    return { keepAlive, facts: { ...facts, status: statusOfProblem(problem), problem, usage } };
  };
  const call = recogniseCall(head.method, head.target);
  if (!call.ok) return refuse(call.problem);
  if (route === undefined || !('profile' in route)) return refuse('NoRoute', noRouteDetail(route));
  if (call.dialect !== undefined && call.dialect !== route.provider)
    return refuse('WrongDialect', `profile ${route.profile} is ${route.provider}`);
  if (head.fields.some(({ key }) => key === 'content-encoding')) return refuse('EncodedBody');
  const target = routeTarget(route);
  if (!target.ok) return refuse('BadEndpoint', target.problem);

  const { budget, limits, pool } = options;
  const body = await readRequestBody(client, reader, head, { maxBytes: route.maxRequestBytes, budget, limits });
  if (!body.ok) return refuse(body.problem);
  try {
    const pieces = bodyPieces(call, body.body, route.model);
    if (typeof pieces === 'string') return await refuse('BadBody', pieces, true);
    const secret = route.credential === undefined ? undefined : new SecretValue(route.credential.secret);
    const common = { request: head, path: call.path, route, target: target.target, secret };
    const modelCall = { ...common, body: pieces, wantsKeepAlive: wantsKeepAlive(head) };
    const result = await callModel(client, modelCall, pool, limits, gone);
    if (!result.ok) return await refuse(result.problem, result.detail, true);
    return { keepAlive: result.keepAlive, facts: { ...facts, status: result.status, usage: result.usage } };
  } finally {
    budget.release(body.reservedBytes);
  }
}

/** The bytes for upstream, or what is wrong with them. */
function bodyPieces(
  call: Extract<RecognisedCall, { ok: true }>,
  body: Buffer,
  model: string,
): readonly Buffer[] | undefined | string {
  if (!call.hasBody) return undefined;
  const replaced = replaceModel(body, model);
  return replaced.ok ? replaced.pieces : replaced.problem;
}

function noRouteDetail(route: NoRoute | undefined): string {
  return route === undefined ? 'no snapshot has arrived yet' : `${route.reason}, ${route.message}`;
}
