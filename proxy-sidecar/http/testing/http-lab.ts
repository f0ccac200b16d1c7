// A few clients, upstreams and starts of serveHttp for one test, all closed at its end.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Server } from 'node:net';
import type { RequestHead } from '../../../engine/decide/request-decision.ts';
import type { GateVerdict } from '../../connection/request-gate.ts';
import { listening } from '../../testing/listening.ts';
import type { HttpLimits } from '../http-limits.ts';
import { type StartedHttp, startHttp } from './start-http.ts';

export class HttpLab {
  readonly #cleanups: (() => void)[] = [];

  /** For `afterEach`. */
  readonly close = (): void => {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  };

  onClose(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  async listen(server: Server): Promise<number> {
    this.onClose(() => server.close());
    return await listening(server);
  }

  async startProxy(
    upstreamPort: number,
    decide?: (head: RequestHead, body?: Buffer) => GateVerdict,
    limits: Partial<HttpLimits> = {},
  ): Promise<StartedHttp> {
    const proxy = await startHttp({ upstreamPort, limits, ...(decide === undefined ? {} : { decide }) });
    this.onClose(proxy.close);
    return proxy;
  }

  /** Sends raw bytes and returns all that comes back until the end. */
  async talk(port: number, bytes: string | Buffer): Promise<string> {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    this.onClose(() => socket.destroy());
    socket.end(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise<void>(resolve => socket.once('close', () => resolve()));
    return Buffer.concat(chunks).toString('latin1');
  }
}

/** Answers with what it was asked, as JSON, and says where HTTP/3 would be. */
export function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.setHeader('Alt-Svc', 'h3=":443"');
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
}

/** Of one answer of `echo`, with its head. */
export function bodyOf(text: string): Record<string, unknown> {
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
}

export const get = (path: string, ...fields: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: good.example', ...fields, '', ''].join('\r\n');
