// `/headers`: what many a server's debug page does, telling the caller all that it sent, its credentials too.
import { gzipSync } from 'node:zlib';
import type { RequestRecord } from '../control-protocol.ts';
import type { WebResponse } from './web-server.ts';

/** `/headers/gzip` in a coding that nobody may have asked for. */
export function tellsHeaders(path: string): boolean {
  return /^\/headers(\/gzip)?$/.test(path);
}

/** In a field and in a body without a length, in pieces, each header as it is, in base64, in hex and escaped. */
export function tellHeaders(response: WebResponse, { headers, path }: Pick<RequestRecord, 'headers' | 'path'>): void {
  const lines = Object.entries(headers).flatMap(([name, value]) => [
    `${name}: ${value}`,
    Buffer.from(value).toString('base64'),
    Buffer.from(value).toString('hex'),
    encodeURIComponent(value),
  ]);
  const body = Buffer.from(`${lines.join('\n')}\nall\n`);
  const isCoded = path.endsWith('/gzip');
  const coding = isCoded ? { 'content-encoding': 'gzip' } : {};
  response.writeHead(200, { 'content-type': 'text/plain', 'x-echo': headers['authorization'] ?? 'none', ...coding });
  if (isCoded) return void response.end(gzipSync(body));
  for (let at = 0; at < body.length; at += 100) response.write(body.subarray(at, at + 100));
  response.end();
}
