// One request to the permitted upstream and its answer back, both bodies streamed with back-pressure.
import type { Duplex } from 'node:stream';
import type { Permit } from '../../engine/decide/permit.ts';
import type { BodyFraming } from './body-framing.ts';
import type { ByteReader } from './byte-reader.ts';
import { encodeChunk, lastChunk } from './chunked-decoder.ts';
import { wantsKeepAlive } from './connection-end.ts';
import { CredentialRedactor, isEncoded } from './credential-redactor.ts';
import { denyResponse } from './deny-response.ts';
import { endToEndRequestFields, endToEndResponseFields } from './end-to-end-fields.ts';
import { type HeaderField, headerField } from './header-fields.ts';
import type { RequestHead } from './parse-request-head.ts';
import type { ResponseHead } from './parse-response-head.ts';
import { readBody } from './read-body.ts';
import { readResponseHead } from './read-response-head.ts';
import { framingFields, serializeRequestHead, serializeResponseHead } from './serialize-head.ts';
import type { ServeHttpOptions } from './serve-http.ts';
import { signFields } from './sign-fields.ts';
import type { OpenUpstream, UpstreamConnection } from './upstream-connection.ts';
import { writeBytes } from './write-bytes.ts';

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const bodyMethods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

export interface ExchangeResult {
  readonly keepAlive: boolean;
  readonly outcome: 'Forwarded' | 'BadRequest' | 'BadUpstream';
  readonly status: number;
  readonly reason?: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface Outgoing {
  readonly head: RequestHead;
  readonly permit: Permit;
  /** Written in place of what the client sent under these names. */
  readonly setFields: readonly HeaderField[];
  /** The body where it has been read already; otherwise it is streamed from the client. */
  readonly body?: Buffer;
}

export async function forwardExchange(
  client: Duplex,
  clientReader: ByteReader,
  connection: UpstreamConnection,
  outgoing: Outgoing,
  options: ServeHttpOptions,
): Promise<ExchangeResult> {
  const { head, permit } = outgoing;
  const upstream = await connection.get(permit);
  if (!upstream.ok) return answerBadUpstream(client, upstream.problem, head, options, 0);
  await writeBytes(upstream.stream, upstreamHead(outgoing, options));
  const isRepeatable = !upstream.isFresh && head.framing.kind === 'None' && safeMethods.has(head.method);
  const upload = { bytes: 0, isDone: false, problem: undefined as string | undefined };
  const uploading = sendBody(clientReader, upstream.stream, outgoing, options, upload);
  const response = await readResponseHead(upstream.reader, head.method, options.limits, interim =>
    // Only an HTTP/1.1 client knows interim answers.
    head.version === '1.1' ? writeBytes(client, serializeResponseHead(interim.status, interim.reason, [])) : undefined,
  );
  if (!response.ok) {
    connection.close();
    // A kept connection that upstream had already let go: asked again on a new one, for asking twice changes nothing.
    if (isRepeatable && response.problem === 'Truncated')
      return forwardExchange(client, clientReader, connection, outgoing, options);
    if (!upload.isDone && upload.problem === undefined) clientReader.discardRest();
    await uploading;
    if (upload.problem !== undefined) return badUpload(client, upload.problem, upload.bytes, options);
    return answerBadUpstream(client, response.problem, head, options, upload.bytes);
  }
  const redactor = CredentialRedactor.for(outgoing.setFields);
  if (redactor !== undefined && isUnreadable(response.head)) {
    connection.close();
    if (!upload.isDone) clientReader.discardRest();
    await uploading;
    return answerBadUpstream(client, 'EncodedAnswer', head, options, upload.bytes);
  }
  const download = await sendResponse(client, upstream, head, response.head, options, upload.isDone, redactor);
  // An upstream that answered early and a client that still sends have lost step: neither connection is used again.
  if (!upload.isDone) {
    connection.close();
    clientReader.discardRest();
    await uploading;
  }
  const mayReuse = upload.isDone && download.isWhole && isPersistent(response.head) && !isBodyOdd(outgoing);
  if (!mayReuse) connection.close();
  return {
    keepAlive: upload.isDone && download.isWhole && download.keepAlive,
    outcome: download.isWhole ? 'Forwarded' : 'BadUpstream',
    status: response.head.status,
    ...(download.problem === undefined ? {} : { reason: download.problem }),
    bytesUp: upload.bytes,
    bytesDown: download.bytes,
  };
}

function upstreamHead(outgoing: Outgoing, options: ServeHttpOptions) {
  const { head, body } = outgoing;
  const framing = framingFields(body === undefined ? head.framing : { kind: 'Length', bytes: body.length });
  const fields = [...upstreamFields(outgoing, options), ...(isBodyOdd(outgoing) ? [lastOfConnection] : []), ...framing];
  return serializeRequestHead(head.method, head.target, fields);
}

/** For a server that does not read the body and would take it for the next request: there is none. */
export const lastOfConnection: HeaderField = headerField('Connection', 'close');

/** A method whose bodies mean nothing (RFC 9110, 9.3): many servers leave them unread. */
function isBodyOdd({ head, body }: Outgoing): boolean {
  const isEmpty = body === undefined ? head.framing.kind === 'None' : body.length === 0;
  return !isEmpty && !bodyMethods.has(head.method);
}

/** All but those that say how long the body is. */
export function upstreamFields(
  { head, setFields, body }: Outgoing,
  { gate: { host, port, defaultPort } }: ServeHttpOptions,
): readonly HeaderField[] {
  const name = host.includes(':') ? `[${host}]` : host;
  const { kept, signed } = signFields(endToEndRequestFields(head.fields), setFields);
  return [
    headerField('Host', port === defaultPort ? name : `${name}:${port}`),
    // Whoever has sent the body already expects no word to go on.
    ...kept.filter(({ key }) => body === undefined || key !== 'expect'),
    ...signed,
  ];
}

interface Upload {
  bytes: number;
  isDone: boolean;
  problem: string | undefined;
}

async function sendBody(
  from: ByteReader,
  to: Duplex,
  { head, body }: Outgoing,
  options: ServeHttpOptions,
  upload: Upload,
): Promise<void> {
  if (body === undefined) return await copyBody(from, to, head.framing, options, upload);
  await writeBytes(to, body);
  upload.bytes = body.length;
  upload.isDone = true;
}

/** Re-frames the body piece by piece; a body that breaks off breaks the upstream connection, so that it is never taken for whole. */
async function copyBody(
  from: ByteReader,
  to: Duplex,
  framing: BodyFraming,
  { limits }: ServeHttpOptions,
  upload: Upload,
): Promise<void> {
  for await (const piece of readBody(from, framing, limits)) {
    if (piece.kind === 'Bad') {
      upload.problem = piece.problem;
      to.destroy();
      return;
    }
    if (piece.kind === 'End') {
      if (framing.kind === 'Chunked') await writeBytes(to, lastChunk);
      upload.isDone = true;
      return;
    }
    upload.bytes += piece.data.length;
    if (!(await writeBytes(to, framing.kind === 'Chunked' ? encodeChunk(piece.data) : piece.data))) return;
  }
}

const nothing = Buffer.alloc(0);

/** Asked for as it is, and sent in a coding all the same. */
export function isUnreadable({ framing, fields }: ResponseHead): boolean {
  return framing.kind !== 'None' && isEncoded(fields);
}

interface Download {
  readonly isWhole: boolean;
  readonly keepAlive: boolean;
  readonly bytes: number;
  readonly problem?: string;
}

export async function sendResponse(
  client: Duplex,
  upstream: OpenUpstream,
  request: RequestHead,
  response: ResponseHead,
  { limits }: ServeHttpOptions,
  isUploadDone: boolean,
  redactor?: CredentialRedactor,
): Promise<Download> {
  // Chunks are for HTTP/1.1 clients; others get bytes until the connection ends, as they do when upstream gives no length.
  const framing: BodyFraming =
    response.framing.kind === 'Chunked' && request.version === '1.0' ? { kind: 'Close' } : response.framing;
  const keepAlive = isUploadDone && wantsKeepAlive(request) && framing.kind !== 'Close';
  const passing = endToEndResponseFields(response.fields);
  const fields = [
    ...(redactor?.fields(passing) ?? passing),
    ...(framing.kind === 'None' ? lengthOfNoBody(response) : framingFields(framing)),
    headerField('Connection', keepAlive ? 'keep-alive' : 'close'),
  ];
  let bytes = 0;
  const reason = redactor?.text(response.reason) ?? response.reason;
  let isOpen = await writeBytes(client, serializeResponseHead(response.status, reason, fields));
  for await (const piece of readBody(upstream.reader, response.framing, limits)) {
    if (!isOpen) return { isWhole: false, keepAlive: false, bytes, problem: 'ClientGone' };
    if (piece.kind === 'Bad') {
      // The head is out: only breaking the connection tells the client that this is not all.
      client.destroy();
      return { isWhole: false, keepAlive: false, bytes, problem: piece.problem };
    }
    const isChunked = framing.kind === 'Chunked';
    const data = piece.kind === 'End' ? (redactor?.end() ?? nothing) : (redactor?.push(piece.data) ?? piece.data);
    bytes += data.length;
    if (data.length > 0) isOpen = await writeBytes(client, isChunked ? encodeChunk(data) : data);
    if (piece.kind === 'End' && isChunked) isOpen = isOpen && (await writeBytes(client, lastChunk));
  }
  return { isWhole: true, keepAlive: keepAlive && isOpen, bytes };
}

/** HEAD and 304 tell the length of a body they do not carry. */
function lengthOfNoBody({ fields, status }: ResponseHead) {
  if (status === 204) return [];
  return fields.filter(field => field.key === 'content-length').slice(0, 1);
}

function isPersistent({ version, fields, framing }: ResponseHead): boolean {
  const isClosing = fields.some(({ key, value }) => key === 'connection' && /\bclose\b/i.test(value));
  return version === '1.1' && !isClosing && framing.kind !== 'Close';
}

export async function answerBadUpstream(
  client: Duplex,
  problem: string,
  head: RequestHead,
  { gate: { host, port } }: ServeHttpOptions,
  bytesUp: number,
): Promise<ExchangeResult> {
  const status = problem === 'Timeout' ? 504 : 502;
  const body = { error: 'BadUpstream', detail: `No usable answer from ${host}:${port}: ${problem}.`, host, port };
  await writeBytes(client, denyResponse(body, { status, headOnly: head.method === 'HEAD' }));
  return { keepAlive: false, outcome: 'BadUpstream', status, reason: problem, bytesUp, bytesDown: 0 };
}

async function badUpload(
  client: Duplex,
  problem: string,
  bytesUp: number,
  { gate: { host, port } }: ServeHttpOptions,
): Promise<ExchangeResult> {
  const status = problem === 'Timeout' ? 408 : 400;
  const body = { error: problem, detail: `The request's body is malformed or incomplete: ${problem}.`, host, port };
  await writeBytes(client, denyResponse(body, { status }));
  return { keepAlive: false, outcome: 'BadRequest', status, reason: problem, bytesUp, bytesDown: 0 };
}
