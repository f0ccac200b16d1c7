// http and https (1.1 and 2) for every host name: a web that tells what it was asked, or what a test told it to answer.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestRecord, WebAnswer } from '../control-protocol.ts';
import { endEcho, isEcho, startEcho } from './answer-echo.ts';
import { answerModelCall } from './model/answer-model-call.ts';
import { plainAddress } from './recorder.ts';
import type { State } from './state.ts';
import { tellHeaders, tellsHeaders } from './tell-headers.ts';

/** HTTP/2 requests come as node's compatibility objects, which have all that is used here of the HTTP/1.1 ones. */
export type WebRequest = IncomingMessage;
export type WebResponse = ServerResponse;

const maxKeptBodyBytes = 1024 * 1024;
const streamChunk = Buffer.alloc(64 * 1024, 'creel ');

/** In the role `model` every host is the model server. */
export function createHttpServer(state: State, role: 'web' | 'model'): Server {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
    serve(state, request, response, { scheme: 'http', role }),
  );
  server.on('connection', socket => state.recorder.openConnection('http', socket));
  return server;
}

export function createHttpsServer(state: State, asksForCertificate?: 'TLSv1.2' | 'TLSv1.3'): Server {
  const { recorder, ca } = state;
  const server = createSecureServer(
    {
      allowHTTP1: true,
      requestCert: asksForCertificate !== undefined,
      rejectUnauthorized: asksForCertificate !== undefined,
      ALPNCallback: ({ servername, protocols }) => chooseProtocol(servername, protocols),
      SNICallback: (serverName, done) => done(null, ca.contextFor(serverName.toLowerCase())),
    },
    (request, response) =>
      serve(state, request as unknown as WebRequest, response as unknown as WebResponse, {
        scheme: 'https',
        role: 'web',
      }),
  );
  // For clients that send no name.
  const limit = asksForCertificate === undefined ? {} : { maxVersion: asksForCertificate };
  server.setSecureContext({ ...ca.certificateFor('unnamed.test'), ...limit });
  server.on('connection', (socket: Socket) => recorder.openConnection('https', socket));
  server.on('secureConnection', socket => {
    const record = recorder.connectionOf(socket);
    if (record !== undefined && typeof socket.servername === 'string') record.serverName = socket.servername;
  });
  server.on('tlsClientError', (error, socket) => {
    const record = recorder.connectionOf(socket);
    if (record !== undefined) record.tlsError = error.message;
  });
  return server;
}

/** Hosts below `h1.test` speak HTTP/1.1 only, all others HTTP/2 with whoever offers it. */
function chooseProtocol(serverName: string, offered: readonly string[]): string | undefined {
  const spoken = /(^|\.)h1\.test$/i.test(serverName) ? ['http/1.1'] : ['h2', 'http/1.1'];
  return spoken.find(protocol => offered.includes(protocol));
}

interface Place {
  readonly scheme: 'http' | 'https';
  readonly role: 'web' | 'model';
}

function serve(state: State, request: WebRequest, response: WebResponse, place: Place): void {
  response.on('error', () => request.destroy());
  answer(state, request, response, place).catch((error: unknown) => {
    process.stderr.write(`outside: ${request.method} ${request.url}: ${String(error)}\n`);
    response.destroy();
  });
}

async function answer(state: State, request: WebRequest, response: WebResponse, place: Place): Promise<void> {
  const host = hostOf(request);
  const kind = place.role === 'model' || state.model.hosts.includes(host) ? 'model' : 'web';
  const asked = { host, path: request.url ?? '', method: request.method ?? '' };
  const wanted = state.answers.findLast(candidate => matches(candidate, asked));
  const isEchoed = wanted === undefined && isEcho(request);
  const onChunk = isEchoed ? startEcho(request, response) : undefined;
  const record = await readRequest(request, { kind, host, scheme: place.scheme }, onChunk);
  state.recorder.addRequest(record);
  if (isEchoed) return endEcho(request, response, record);
  if (wanted !== undefined) return answerAsTold(response, wanted);
  if (kind === 'model') return answerModelCall(state, record, response);
  return answerByDefault(response, record);
}

async function readRequest(
  request: WebRequest,
  { kind, host, scheme }: Pick<RequestRecord, 'kind' | 'host' | 'scheme'>,
  onChunk?: (chunk: Buffer) => Promise<void>,
): Promise<Omit<RequestRecord, 'id' | 'atMs'>> {
  const { localAddress, localPort, remoteAddress } = request.socket;
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (bodyBytes < maxKeptBodyBytes) kept.push(chunk);
    bodyBytes += chunk.length;
    hash.update(chunk);
    await onChunk?.(chunk);
  }
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined || typeof name !== 'string' ? [] : [[name, [value].flat().join(', ')] as const],
  );
  return {
    kind,
    scheme,
    httpVersion: request.httpVersion,
    method: request.method ?? '',
    path: request.url ?? '',
    host,
    headers: Object.fromEntries(headers),
    rawHeaders: request.rawHeaders,
    body: Buffer.concat(kept).subarray(0, maxKeptBodyBytes).toString(),
    bodyBytes,
    bodySha256: hash.digest('hex'),
    trailers: Object.fromEntries(Object.entries(request.trailers).map(([name, value]) => [name, String(value)])),
    localAddress: plainAddress(localAddress),
    localPort: localPort ?? 0,
    remoteAddress: plainAddress(remoteAddress),
  };
}

function hostOf(request: WebRequest): string {
  const authority = request.headers[':authority'] ?? request.headers.host ?? '';
  return String(authority).toLowerCase().replace(/:\d+$/, '');
}

function pathOf(record: Pick<RequestRecord, 'path'>): string {
  return record.path.split('?')[0] ?? '';
}

function matches(wanted: WebAnswer, record: Pick<RequestRecord, 'host' | 'path' | 'method'>): boolean {
  return (
    (wanted.host ?? record.host) === record.host &&
    (wanted.path ?? pathOf(record)) === pathOf(record) &&
    (wanted.method ?? record.method) === record.method
  );
}

async function answerAsTold(response: WebResponse, told: WebAnswer): Promise<void> {
  if (told.delayMs !== undefined) await sleep(told.delayMs);
  send(response, told.status ?? 200, { 'content-type': 'text/plain', ...told.headers }, told.body ?? '');
}

/** `/bytes/N`, `/status/N` and `/headers` do what they say, `/hold/…` begins and never ends; everything else is told back. */
async function answerByDefault(response: WebResponse, record: Omit<RequestRecord, 'id' | 'atMs'>): Promise<void> {
  const [, word, number] = pathOf(record).match(/^\/(bytes|status)\/(\d+)$/) ?? [];
  if (word === 'bytes') return sendBytes(response, Number(number));
  if (tellsHeaders(record.path)) return tellHeaders(response, record);
  if (/^\/hold(\/|$)/.test(record.path)) {
    response.writeHead(200).write('begun\n');
    return;
  }
  const { method, path, host, scheme, httpVersion, bodyBytes, bodySha256, localAddress, localPort } = record;
  const seen = {
    outside: true,
    method,
    scheme,
    host,
    path,
    httpVersion,
    bodyBytes,
    bodySha256,
    localAddress,
    localPort,
  };
  const status = word === 'status' ? Number(number) : 200;
  send(response, status, { 'content-type': 'application/json' }, `${JSON.stringify(seen)}\n`);
}

async function sendBytes(response: WebResponse, total: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': String(total) });
  for (let left = total; left > 0 && !response.destroyed; left -= streamChunk.length) {
    const more = response.write(streamChunk.subarray(0, Math.min(left, streamChunk.length)));
    if (!more) await new Promise(resolve => response.once('drain', resolve).once('close', resolve));
  }
  response.end();
}

export function send(
  response: WebResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
  response.end(body);
}
