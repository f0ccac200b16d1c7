// One permitted stream onto an HTTP/2 upstream: heads anew, bodies by flow control, trailers and resets both ways.
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2';
import { Transform } from 'node:stream';
import { isEncoded } from '../http/credential-redactor.ts';
import type { HeaderField } from '../http/header-fields.ts';
import { wantsClientCertificate } from '../upstream/wants-client-certificate.ts';
import { admitResponse, admitTrailers, rawFields, trailerObject } from './admit-response.ts';
import { discardUpload } from './discard-upload.ts';
import type { Forwarded, Forwarding } from './forwarding.ts';
import { isWhole } from './is-whole.ts';
import { ownDate } from './own-date.ts';
import { resetStream } from './reset-stream.ts';
import { watchPeerEnd } from './watch-peer-end.ts';

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

/** Resolves when both streams are closed, or the upstream one alone where the agent has had no head yet. */
export function forwardH2(session: ClientHttp2Session, forwarding: Forwarding): Promise<Forwarded> {
  const upstream = openStream(session, forwarding);
  if (upstream === undefined)
    return Promise.resolve({
      outcome: 'BadUpstream',
      status: 502,
      reason: 'SessionClosed',
      isUnprocessed: true,
      ...noBytes,
    });
  return new StreamPair(upstream, forwarding).result;
}

const noBytes = { bytesUp: 0, bytesDown: 0 };

function openStream(session: ClientHttp2Session, { request, fields, authority, body }: Forwarding) {
  const { head, acceptsTrailers } = request;
  const length = body === undefined ? (request.body.kind === 'Length' ? request.body.bytes : undefined) : body.length;
  const pseudo = [':method', head.method, ':scheme', 'https', ':authority', authority, ':path', head.target];
  const raw = [
    ...pseudo,
    ...rawFields(fields),
    ...(length === undefined ? [] : ['content-length', String(length)]),
    ...(acceptsTrailers ? ['te', 'trailers'] : []),
  ];
  const endStream = body === undefined ? request.body.kind === 'None' : body.length === 0;
  try {
    return session.request(raw, { endStream, waitForTrailers: !endStream && body === undefined });
  } catch (error) {
    // The session went away since it was acquired; anything else is a bug.
    if (session.closed || session.destroyed) return undefined;
    throw error;
  }
}

class StreamPair {
  readonly result: Promise<Forwarded>;
  readonly #upstream: ClientHttp2Stream;
  readonly #forwarding: Forwarding;
  readonly #settle: (forwarded: Forwarded) => void;
  readonly #abort = () => this.#fail(NGHTTP2_CANCEL, 'NoLongerAllowed');
  readonly #idle: NodeJS.Timeout;
  readonly #isEndedByUpstream: () => boolean;
  #status = 0;
  #interim = 0;
  #reason: string | undefined;
  #bytesUp = 0;
  #bytesDown = 0;
  #hasUpload = false;
  #isHeadAll = false;

  constructor(upstream: ClientHttp2Stream, forwarding: Forwarding) {
    this.#upstream = upstream;
    this.#isEndedByUpstream = watchPeerEnd(upstream);
    this.#forwarding = forwarding;
    const { promise, resolve } = Promise.withResolvers<Forwarded>();
    this.result = promise;
    this.#settle = resolve;
    this.#idle = setTimeout(() => this.#onIdle(), forwarding.limits.http.idleMs);
    forwarding.signal.addEventListener('abort', this.#abort, { once: true });
    this.#listen();
    this.#upload();
    if (forwarding.signal.aborted) this.#abort();
    if (forwarding.agent.closed) this.#fail(NGHTTP2_CANCEL, 'ClientGone');
  }

  #listen(): void {
    const { agent, limits } = this.#forwarding;
    this.#upstream.on('error', error => {
      if (wantsClientCertificate(error)) this.#reason ??= 'ClientCertificateWanted';
    });
    this.#upstream.on('headers', (_headers, _flags, raw: string[]) => this.#onInterim(raw));
    this.#upstream.on('response', (_headers, flags, raw: string[]) => this.#onResponse(raw, (flags & 1) === 1));
    this.#upstream.once('close', () => this.#onUpstreamClose());
    agent.once('close', () => {
      if (!this.#upstream.closed) this.#fail(agent.rstCode || NGHTTP2_CANCEL, 'ClientGone');
      else this.#finish();
    });
    this.#upstream.on('push', (pushed: ClientHttp2Stream) => pushed.close(NGHTTP2_REFUSED_STREAM));
    // Node ends a stream before it resets it; that nobody sends trailers keeps half a body from looking whole.
    this.#upstream.on('wantTrailers', () => {
      if (!isWhole(agent)) return;
      const trailers = admitTrailers(this.#forwarding.trailers(), limits.http);
      if (trailers === undefined) this.#fail(NGHTTP2_PROTOCOL_ERROR, 'BadTrailers');
      else this.#upstream.sendTrailers(trailerObject(trailers));
    });
  }

  #upload(): void {
    const { agent, request, body } = this.#forwarding;
    if (body !== undefined) {
      this.#bytesUp = body.length;
      if (body.length > 0) this.#upstream.end(body);
      return;
    }
    if (request.body.kind === 'None') return;
    this.#hasUpload = true;
    agent.pipe(this.#counter(bytes => (this.#bytesUp += bytes))).pipe(this.#upstream);
  }

  #onInterim(raw: string[]): void {
    const { agent, limits } = this.#forwarding;
    const admitted = admitResponse(raw, limits.http);
    if (!admitted.ok) return this.#fail(NGHTTP2_CANCEL, admitted.problem);
    if (++this.#interim > limits.http.maxInterimResponses) return this.#fail(NGHTTP2_CANCEL, 'TooManyInterim');
    if (!agent.closed && !agent.headersSent)
      agent.additionalHeaders({ ':status': admitted.status, ...trailerObject(this.#redacted(admitted.fields)) });
  }

  #onResponse(raw: string[], endStream: boolean): void {
    const { agent, limits } = this.#forwarding;
    const admitted = admitResponse(raw, limits.http);
    if (!admitted.ok) return this.#fail(NGHTTP2_CANCEL, admitted.problem);
    if (!endStream && this.#forwarding.redactor !== undefined && isEncoded(admitted.fields))
      return this.#fail(NGHTTP2_CANCEL, 'EncodedAnswer');
    this.#status = admitted.status;
    if (agent.closed) return;
    const fields = [':status', String(admitted.status), ...rawFields(this.#redacted(admitted.fields))];
    this.#isHeadAll = endStream;
    if (endStream) return agent.respond(fields, { ...ownDate, endStream: true });
    let trailers: Record<string, string[]> = {};
    this.#upstream.on('trailers', (_headers, _flags, rawTrailers: string[]) => {
      const admittedTrailers = admitTrailers(rawTrailers, limits.http);
      if (admittedTrailers === undefined) this.#fail(NGHTTP2_CANCEL, 'BadTrailers');
      else trailers = trailerObject(this.#redacted(admittedTrailers));
    });
    agent.respond(fields, { ...ownDate, waitForTrailers: true });
    agent.on('wantTrailers', () => {
      if (this.#isAnswerWhole()) agent.sendTrailers(trailers);
    });
    this.#download();
  }

  /** By hand: `pipe` would end the agent's stream also where upstream's was reset, and half an answer would look whole. */
  #download(): void {
    const { agent, redactor } = this.#forwarding;
    this.#upstream.on('data', (data: Buffer) => {
      this.#bytesDown += data.length;
      this.#idle.refresh();
      const passing = redactor?.push(data) ?? data;
      if (passing.length > 0 && !agent.destroyed && !agent.write(passing)) this.#upstream.pause();
    });
    agent.on('drain', () => this.#upstream.resume());
    this.#upstream.once('end', () => {
      if (this.#isAnswerWhole() && !agent.destroyed) agent.end(redactor?.end());
    });
  }

  #redacted(fields: readonly HeaderField[]): readonly HeaderField[] {
    return this.#forwarding.redactor?.fields(fields) ?? fields;
  }

  #isAnswerWhole(): boolean {
    const { readableEnded, rstCode } = this.#upstream;
    return this.#isHeadAll || (this.#isEndedByUpstream() && readableEnded && !rstCode);
  }

  #counter(count: (bytes: number) => void): Transform {
    const idle = this.#idle;
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        count(chunk.length);
        idle.refresh();
        done(null, chunk);
      },
    });
  }

  #onUpstreamClose(): void {
    const { agent } = this.#forwarding;
    const code = this.#upstream.rstCode ?? NGHTTP2_INTERNAL_ERROR;
    if (this.#status === 0) this.#reason ??= code === NGHTTP2_REFUSED_STREAM ? 'RefusedStream' : 'Truncated';
    else if (!this.#isAnswerWhole()) {
      this.#reason ??= 'Truncated';
      resetStream(agent, code || NGHTTP2_INTERNAL_ERROR);
    } else if (!agent.readableEnded) discardUpload(agent);
    if (this.#status === 0 || agent.closed) this.#finish();
  }

  /** The session may be as dead as the stream: the next request begins a new one, while others of this one go on. */
  #onIdle(): void {
    this.#upstream.session?.close();
    this.#fail(NGHTTP2_CANCEL, 'Timeout');
  }

  #fail(code: number, reason: string): void {
    const { agent } = this.#forwarding;
    this.#reason ??= reason;
    resetStream(this.#upstream, code);
    const isOurs = reason === 'NoLongerAllowed' || this.#status !== 0;
    if (isOurs) resetStream(agent, code);
  }

  #finish(): void {
    clearTimeout(this.#idle);
    this.#forwarding.signal.removeEventListener('abort', this.#abort);
    const reason = this.#reason === undefined ? {} : { reason: this.#reason };
    const bytes = { bytesUp: this.#bytesUp, bytesDown: this.#bytesDown };
    if (this.#status !== 0) {
      const isCarried = this.#reason === undefined || this.#reason === 'ClientGone';
      this.#settle({ outcome: isCarried ? 'Forwarded' : 'BadUpstream', status: this.#status, ...reason, ...bytes });
      return;
    }
    const isUnprocessed = this.#reason === 'RefusedStream' && !this.#hasUpload;
    const status = this.#reason === 'Timeout' ? 504 : 502;
    this.#settle({ outcome: 'BadUpstream', status, ...reason, isUnprocessed, ...bytes });
  }
}
