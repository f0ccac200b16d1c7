// A permitted WebSocket handshake: sent upstream anew, upstream's 101 judged, then both connections relayed to their end.
// Any other answer goes to the client like that of an ordinary request.
import type { ByteReader } from '../http/byte-reader.ts';
import { CredentialRedactor } from '../http/credential-redactor.ts';
import { endToEndResponseFields } from '../http/end-to-end-fields.ts';
import {
  answerBadUpstream,
  type ExchangeResult,
  isUnreadable,
  type Outgoing,
  sendResponse,
  upstreamFields,
} from '../http/forward-exchange.ts';
import { type HeaderField, parseFields, splitLines } from '../http/header-fields.ts';
import type { HttpLimits } from '../http/http-limits.ts';
import { parseResponseHead, type ResponseHead } from '../http/parse-response-head.ts';
import { readHead } from '../http/read-head.ts';
import { serializeRequestHead, serializeResponseHead } from '../http/serialize-head.ts';
import type { ServeHttpOptions } from '../http/serve-http.ts';
import type { OpenUpstream, UpstreamConnection } from '../http/upstream-connection.ts';
import { writeBytes } from '../http/write-bytes.ts';
import { acceptUpgrade, isUpgradeField, type Upgrade, verifySwitch } from './accept-upgrade.ts';
import { relayWebSocket } from './relay-websocket.ts';
import { defaultWebSocketLimits, type MessageBudget, type WebSocketEnd } from './web-socket-relay.ts';

export interface WebSocketRequest extends Outgoing {
  /** Of the permit: text messages the client may send. */
  readonly text?: readonly string[];
  readonly budget?: MessageBudget;
  /** Called once both sides speak frames; its signal is aborted when policy no longer allows it. */
  readonly onSwitch: () => AbortSignal;
}

/** Neither connection is used again after it. */
export async function forwardWebSocket(
  client: WebSocketEnd,
  connection: UpstreamConnection,
  request: WebSocketRequest,
  options: ServeHttpOptions,
): Promise<ExchangeResult> {
  const { head, permit } = request;
  const accepted = acceptUpgrade({ ...head, hasBody: head.framing.kind !== 'None' });
  if (!accepted.ok) throw new Error(`forwardWebSocket: the handshake was not admitted: ${accepted.problem}`);
  // A kept one might close before it answers, and asking twice is not for the sidecar to decide.
  connection.close();
  const upstream = await connection.get(permit);
  if (!upstream.ok) return await answerBadUpstream(client.stream, upstream.problem, head, options, 0);
  await writeBytes(upstream.stream, handshakeOf(request, accepted.upgrade, options));
  const answer = await readAnswer(upstream.reader, options.limits);
  if (!answer.ok) return await answerBadUpstream(client.stream, answer.problem, head, options, 0);
  if (answer.kind === 'Response') return await passAnswer(client, upstream, request, answer.head, options);
  const verified = verifySwitch(answer.fields, accepted.upgrade);
  if (!verified.ok) {
    connection.close();
    return await answerBadUpstream(client.stream, verified.problem, head, options, 0);
  }
  const passing = endToEndResponseFields(answer.fields).filter(({ key }) => !isUpgradeField(key));
  const fields = [...(CredentialRedactor.for(request.setFields)?.fields(passing) ?? passing), ...verified.fields];
  await writeBytes(client.stream, serializeResponseHead(101, 'Switching Protocols', fields));
  return await relayUpgraded(client, upstream, request);
}

function handshakeOf(request: WebSocketRequest, upgrade: Upgrade, options: ServeHttpOptions): Buffer {
  const fields = upstreamFields(request, options).filter(({ key }) => !isUpgradeField(key));
  return serializeRequestHead('GET', request.head.target, [...fields, ...upgrade.fields]);
}

async function relayUpgraded(
  client: WebSocketEnd,
  upstream: OpenUpstream,
  { text, budget, onSwitch, setFields }: WebSocketRequest,
): Promise<ExchangeResult> {
  const redactor = CredentialRedactor.for(setFields);
  const { bytesUp, bytesDown, problem } = await relayWebSocket(client, upstream, {
    ...(text === undefined ? {} : { text }),
    ...(budget === undefined ? {} : { budget }),
    ...(redactor === undefined ? {} : { redactor }),
    signal: onSwitch(),
    limits: defaultWebSocketLimits,
  });
  const reason = problem === undefined ? {} : { reason: problem };
  return { keepAlive: false, outcome: 'Forwarded', status: 101, ...reason, bytesUp, bytesDown };
}

/** Whatever upstream answers instead, with the client's connection ended behind it. */
async function passAnswer(
  client: WebSocketEnd,
  upstream: OpenUpstream,
  { head, setFields }: WebSocketRequest,
  response: ResponseHead,
  options: ServeHttpOptions,
): Promise<ExchangeResult> {
  const redactor = CredentialRedactor.for(setFields);
  if (redactor !== undefined && isUnreadable(response))
    return await answerBadUpstream(client.stream, 'EncodedAnswer', head, options, 0);
  const download = await sendResponse(client.stream, upstream, head, response, options, false, redactor);
  return {
    keepAlive: false,
    outcome: download.isWhole ? 'Forwarded' : 'BadUpstream',
    status: response.status,
    ...(download.problem === undefined ? {} : { reason: download.problem }),
    bytesUp: 0,
    bytesDown: download.bytes,
  };
}

type Answer =
  | { readonly ok: true; readonly kind: 'Switch'; readonly fields: readonly HeaderField[] }
  | { readonly ok: true; readonly kind: 'Response'; readonly head: ResponseHead }
  | { readonly ok: false; readonly problem: string };

/** The 101 or the final response; other interim answers are not for a handshake. */
async function readAnswer(reader: ByteReader, limits: HttpLimits): Promise<Answer> {
  for (let interim = 0; interim <= limits.maxInterimResponses; interim++) {
    const read = await readHead(reader, limits.idleMs, limits);
    if (!read.ok)
      return { ok: false, problem: read.problem === 'Closed' && !reader.isEnded ? 'Timeout' : read.problem };
    if (read.bytes.toString('latin1', 0, 13) === 'HTTP/1.1 101 ') return readSwitch(read.bytes, limits);
    const parsed = parseResponseHead(read.bytes, 'GET', limits);
    if (!parsed.ok) return parsed;
    if (parsed.head.status >= 200) return { ok: true, kind: 'Response', head: parsed.head };
  }
  return { ok: false, problem: 'TooManyInterim' };
}

function readSwitch(bytes: Buffer, limits: HttpLimits): Answer {
  const lines = splitLines(bytes);
  if (lines === undefined) return { ok: false, problem: 'BareCrOrLf' };
  const parsed = parseFields(lines.slice(1, -2), limits.maxFields);
  return parsed.ok ? { ok: true, kind: 'Switch', fields: parsed.fields } : parsed;
}
