// A receiver of notifications on loopback, by HTTP or HTTPS.
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  readonly atMs: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Record<string, unknown>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Of the next calls; undefined: none at all. Default 200. */
  answer: () => Answer | undefined;
  close(): Promise<void>;
}

export async function receiveMessages(keys?: { readonly cert: string; readonly key: string }): Promise<Receiver> {
  const received: Received[] = [];
  const receiver = { answer: (): Answer | undefined => ({ status: 200 }) };
  const serve: RequestListener = (request, response) =>
    void text(request).then(sent => {
      const body = JSON.parse(sent) as Record<string, unknown>;
      received.push({ atMs: Date.now(), path: request.url ?? '', headers: request.headers, body });
      const answer = receiver.answer();
      if (answer !== undefined) response.writeHead(answer.status, answer.headers).end('ok');
    });
  const server = keys === undefined ? createServer(serve) : createTlsServer(keys, serve);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, {
    url: `${keys === undefined ? 'http://127.0.0.1' : 'https://localhost'}:${port}/hook?token=s3cret`,
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  });
}
