// The sidecar's own answer on a stream: the JSON that HTTP/1.1 clients get too, and what a gRPC client can read.
import type { ServerHttp2Stream } from 'node:http2';
import type { DenyBody } from '../http/deny-response.ts';
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

export function refuseStream(stream: ServerHttp2Stream, status: number, body: DenyBody, isGrpc: boolean): void {
  if (stream.closed || stream.headersSent) return;
  const decision = printable(body.approval === undefined ? body.error : `${body.error}; approval=${body.approval}`);
  if (isGrpc) respondGrpc(stream, status, body, decision);
  else respondJson(stream, status, body, decision);
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

function respondJson(stream: ServerHttp2Stream, status: number, body: DenyBody, decision: string): void {
  const json = Buffer.from(`${JSON.stringify(body)}\n`);
  const head = [':status', String(status), 'content-type', 'application/json', 'content-length', String(json.length)];
  const fields = [...head, 'x-creel-decision', decision, 'cache-control', 'no-store'];
  stream.respond(fields, ownDate);
  // For HEAD node has ended the stream with the head.
  if (!stream.writableEnded) stream.end(json);
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
