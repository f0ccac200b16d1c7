// One permitted stream onto an HTTP/1.1 upstream: a connection of its own, framing anew, no trailers.

import { constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import { type BodyFraming } from '../http/body-framing.ts';
import { ByteReader } from '../http/byte-reader.ts';
import { encodeChunk, lastChunk } from '../http/chunked-decoder.ts';
import { isEncoded } from '../http/credential-redactor.ts';
import { endToEndResponseFields } from '../http/end-to-end-fields.ts';
import { lastOfConnection } from '../http/forward-exchange.ts';
import { headerField } from '../http/header-fields.ts';
import type { ResponseHead } from '../http/parse-response-head.ts';
import { readBody } from '../http/read-body.ts';
import { readResponseHead } from '../http/read-response-head.ts';
import { framingFields, serializeRequestHead } from '../http/serialize-head.ts';
import { writeBytes } from '../http/write-bytes.ts';
import { rawFields, trailerObject } from './admit-response.ts';
import type { Forwarded, Forwarding } from './forwarding.ts';
import { isWhole } from './is-whole.ts';
import { ownDate } from './own-date.ts';
import { resetStream } from './reset-stream.ts';

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = constants;

interface Progress {
  bytesUp: number;
  bytesDown: number;
  isUploaded: boolean;
}

export async function forwardH1(upstream: Duplex, forwarding: Forwarding): Promise<Forwarded> {
  const { agent, signal } = forwarding;
  const progress: Progress = { bytesUp: 0, bytesDown: 0, isUploaded: false };
  const cut = () => {
    upstream.destroy();
    resetStream(agent, NGHTTP2_CANCEL);
  };
  const onAgentClose = () => upstream.destroy();
  signal.addEventListener('abort', cut, { once: true });
  agent.once('close', onAgentClose);
  if (signal.aborted || agent.closed) cut();
  try {
    const forwarded = await exchange(upstream, forwarding, progress);
    if (signal.aborted) return { ...forwarded, outcome: 'Forwarded', reason: 'NoLongerAllowed' };
    return agent.closed && !agent.headersSent ? { ...forwarded, reason: 'ClientGone' } : forwarded;
  } finally {
    signal.removeEventListener('abort', cut);
    agent.off('close', onAgentClose);
    upstream.destroy();
  }
}

async function exchange(upstream: Duplex, forwarding: Forwarding, progress: Progress): Promise<Forwarded> {
  const { agent, request, limits } = forwarding;
  const reader = new ByteReader(upstream);
  const framing = framingOf(forwarding);
  await writeBytes(upstream, requestHead(forwarding, framing));
  const uploading = upload(upstream, forwarding, framing, progress);
  const response = await readResponseHead(reader, request.head.method, limits.http, interim => {
    if (!agent.closed && !agent.headersSent)
      agent.additionalHeaders({ ':status': interim.status, ...trailerObject(responseFields(interim, forwarding)) });
    return undefined;
  });
  if (!response.ok) {
    upstream.destroy();
    agent.resume();
    await uploading;
    const status = response.problem === 'Timeout' ? 504 : 502;
    return { outcome: 'BadUpstream', status, reason: response.problem, ...bytesOf(progress) };
  }
  const isHidden = forwarding.redactor !== undefined && response.head.framing.kind !== 'None';
  if (isHidden && isEncoded(response.head.fields)) {
    upstream.destroy();
    agent.resume();
    await uploading;
    return { outcome: 'BadUpstream', status: 502, reason: 'EncodedAnswer', ...bytesOf(progress) };
  }
  const problem = await download(reader, forwarding, response.head, progress);
  // An answer before the body was all sent: nobody reads the rest.
  upstream.destroy();
  await uploading;
  const { status } = response.head;
  if (problem === undefined) return { outcome: 'Forwarded', status, ...bytesOf(progress) };
  const outcome = problem === 'ClientGone' ? 'Forwarded' : 'BadUpstream';
  return { outcome, status, reason: problem, ...bytesOf(progress) };
}

function bytesOf({ bytesUp, bytesDown }: Progress) {
  return { bytesUp, bytesDown };
}

function framingOf({ request, body }: Forwarding): BodyFraming {
  if (body !== undefined) return { kind: 'Length', bytes: body.length };
  if (request.body.kind === 'Length') return request.body;
  return request.body.kind === 'None' ? { kind: 'None' } : { kind: 'Chunked' };
}

function requestHead({ request, fields, authority }: Forwarding, framing: BodyFraming): Buffer {
  const { method, target } = request.head;
  const host = headerField('host', authority);
  return serializeRequestHead(method, target, [host, ...fields, lastOfConnection, ...framingFields(framing)]);
}

function responseFields({ fields }: ResponseHead, { redactor }: Forwarding) {
  const passing = endToEndResponseFields(fields);
  return redactor?.fields(passing) ?? passing;
}

async function upload(
  upstream: Duplex,
  { agent, body, limits }: Forwarding,
  framing: BodyFraming,
  progress: Progress,
): Promise<void> {
  if (body !== undefined) {
    progress.bytesUp = body.length;
    await writeBytes(upstream, body);
    return;
  }
  if (framing.kind === 'None') return;
  const reader = new ByteReader(agent);
  for await (const piece of readBody(reader, { kind: 'Close' }, limits.http)) {
    if (piece.kind === 'Bad' || (piece.kind === 'End' && !isWhole(agent))) return void upstream.destroy();
    if (piece.kind === 'End') {
      if (framing.kind === 'Chunked') await writeBytes(upstream, lastChunk);
      return;
    }
    progress.bytesUp += piece.data.length;
    if (!(await writeBytes(upstream, framing.kind === 'Chunked' ? encodeChunk(piece.data) : piece.data))) {
      reader.discardRest();
      return;
    }
  }
}

/** The name of what broke the body off. */
async function download(
  reader: ByteReader,
  forwarding: Forwarding,
  head: ResponseHead,
  progress: Progress,
): Promise<string | undefined> {
  const { agent, limits, redactor } = forwarding;
  if (agent.closed) return 'ClientGone';
  const lengths = head.fields.filter(({ key }) => key === 'content-length').slice(0, 1);
  const fields = [
    ':status',
    String(head.status),
    ...rawFields([...responseFields(head, forwarding), ...(head.status === 204 ? [] : lengths)]),
  ];
  if (head.framing.kind === 'None') {
    agent.respond(fields, { ...ownDate, endStream: true });
    return undefined;
  }
  // Node ends a stream before it resets it; only with the empty trailers is the body whole.
  let isEnded = false;
  agent.on('wantTrailers', () => {
    if (isEnded) agent.sendTrailers({});
  });
  agent.respond(fields, { ...ownDate, waitForTrailers: true });
  for await (const piece of readBody(reader, head.framing, limits.http)) {
    if (piece.kind === 'Bad') {
      // The head is out: only a reset tells the client that this is not all.
      if (agent.closed) return 'ClientGone';
      resetStream(agent, NGHTTP2_INTERNAL_ERROR);
      return piece.problem;
    }
    if (piece.kind === 'End') {
      isEnded = true;
      agent.end(redactor?.end());
      return undefined;
    }
    progress.bytesDown += piece.data.length;
    const data = redactor?.push(piece.data) ?? piece.data;
    if (data.length > 0 && !(await writeBytes(agent, data))) return 'ClientGone';
  }
  return undefined;
}
