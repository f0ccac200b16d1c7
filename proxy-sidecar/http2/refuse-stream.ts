// The sidecar's own answer on a stream: the JSON that HTTP/1.1 clients get too, and what a gRPC client can read.
import type { ServerHttp2Stream } from 'node:http2';
import type { DenyBody } from '../http/deny-response.ts';
import { denyText, denyTextType } from '../http/deny-text.ts';
import { discardUpload } from './discard-upload.ts';
import { ownDate } from './own-date.ts';

/** HTTP status → gRPC status, where it is not UNAVAILABLE (14). */
const grpcStatusOf: Readonly<Record<number, number>> = {
  400: 3,
  403: 7,
  404: 12,
  413: 8,
  415: 3,
  421: 3,
  429: 8,
  504: 4,
};

/** `shape`: what the client can read. */
export function refuseStream(
  stream: ServerHttp2Stream,
  status: number,
  body: DenyBody,
  shape: 'Json' | 'Text' | 'Grpc',
): void {
  if (stream.closed || stream.headersSent) return;
  const decision = printable(body.approval === undefined ? body.error : `${body.error}; approval=${body.approval}`);
  if (shape === 'Grpc') respondGrpc(stream, status, body, decision);
  else respondBody(stream, status, shape === 'Text' ? textOf(body) : jsonOf(body), decision);
  if (!stream.endAfterHeaders) discardUpload(stream);
}

/** Trailers-only: the one shape in which gRPC clients read status and message of a proxy. */
function respondGrpc(stream: ServerHttp2Stream, status: number, body: DenyBody, decision: string): void {
  const message = [body.detail, ...(body.next === undefined ? [] : [body.next])].join(' ');
  const status200 = [':status', '200', 'content-type', 'application/grpc'];
  const grpc = [
    'grpc-status',
    String(grpcStatusOf[status] ?? 14),
    'grpc-message',
    percentEncode(`${body.error}: ${message}`),
  ];
  const fields = [...status200, ...grpc, 'x-creel-decision', decision];
  stream.respond(fields, { ...ownDate, endStream: true });
}

interface Content {
  readonly type: string;
  readonly text: string;
}

const textOf = (body: DenyBody): Content => ({ type: denyTextType, text: denyText(body) });
const jsonOf = (body: DenyBody): Content => ({ type: 'application/json', text: `${JSON.stringify(body)}\n` });

function respondBody(stream: ServerHttp2Stream, status: number, { type, text }: Content, decision: string): void {
  const bytes = Buffer.from(text);
  const head = [':status', String(status), 'content-type', type, 'content-length', String(bytes.length)];
  const fields = [...head, 'x-creel-decision', decision, 'cache-control', 'no-store'];
  stream.respond(fields, ownDate);
  // For HEAD node has ended the stream with the head.
  if (!stream.writableEnded) stream.end(bytes);
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/** As gRPC over HTTP/2 writes its message: printable ASCII without `%` as it is. */
function percentEncode(text: string): string {
  const bytes = [...Buffer.from(text.slice(0, 1024))];
  return bytes
    .map(byte =>
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');
}
