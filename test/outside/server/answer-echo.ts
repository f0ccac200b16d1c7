// What a test asks to see streaming: the body comes back as it is sent, with trailers, the way a gRPC server answers.
import type { RequestRecord } from '../control-protocol.ts';
import type { WebRequest, WebResponse } from './web-server.ts';

/** `/echo`, and every call of gRPC. */
export function isEcho(request: WebRequest): boolean {
  return /^\/echo($|\?)/.test(request.url ?? '') || isGrpc(request);
}

function isGrpc(request: WebRequest): boolean {
  return (request.headers['content-type'] ?? '').startsWith('application/grpc');
}

/** Sends the head; each piece of the body goes back as it comes. */
export function startEcho(request: WebRequest, response: WebResponse): (chunk: Buffer) => Promise<void> {
  const type = isGrpc(request) ? 'application/grpc' : 'application/octet-stream';
  response.writeHead(200, { 'content-type': type });
  response.flushHeaders?.();
  return async chunk => {
    if (!response.write(chunk)) await new Promise(resolve => response.once('drain', resolve).once('close', resolve));
  };
}

/** Trailers say what came: `x-echo-sha256`, and each of the request's own as `x-echo-NAME`. */
export function endEcho(
  request: WebRequest,
  response: WebResponse,
  { bodySha256, trailers = {} }: Pick<RequestRecord, 'bodySha256' | 'trailers'>,
): void {
  const told = Object.entries(trailers).map(([name, value]) => [`x-echo-${name}`, value] as const);
  const grpc = isGrpc(request) ? { 'grpc-status': '0', 'grpc-message': 'echoed' } : {};
  response.addTrailers({ ...Object.fromEntries(told), ...grpc, 'x-echo-sha256': bodySha256 });
  response.end();
}
