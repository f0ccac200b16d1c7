// A real `ws` server behind the relay, over loopback, with the handshake judged as the sidecar does.
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ByteReader } from '../../http/byte-reader.ts';
import type { CredentialRedactor } from '../../http/credential-redactor.ts';
import { type HeaderField, headerField } from '../../http/header-fields.ts';
import { acceptUpgrade, verifySwitch } from '../accept-upgrade.ts';
import { relayWebSocket } from '../relay-websocket.ts';
import {
  defaultWebSocketLimits,
  type MessageBudget,
  type WebSocketLimits,
  type WebSocketOutcome,
} from '../web-socket-relay.ts';

export interface Relayed {
  readonly url: string;
  readonly port: number;
  readonly upstream: WebSocketServer;
  /** Of the one connection, once it is over. */
  readonly outcome: Promise<WebSocketOutcome>;
  readonly abort: () => void;
  /** The relay has more for the client than the client takes. */
  readonly isStalled: () => boolean;
  readonly close: () => void;
}

export interface RelayedOptions {
  readonly text?: readonly string[];
  readonly limits?: Partial<WebSocketLimits>;
  readonly budget?: MessageBudget;
  readonly redactor?: CredentialRedactor;
}

export async function startRelayed({ text, limits, budget, redactor }: RelayedOptions = {}): Promise<Relayed> {
  const upstream = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true });
  await new Promise(resolve => upstream.once('listening', resolve));
  const policy = new AbortController();
  const proxy = createServer();
  let toClient: Duplex | undefined;
  const outcome = new Promise<WebSocketOutcome>((resolve, reject) => {
    proxy.once('upgrade', (request, client, head) => {
      toClient = client;
      const bounds = { ...(budget === undefined ? {} : { budget }), ...(redactor === undefined ? {} : { redactor }) };
      const options = { ...(text === undefined ? {} : { text }), ...bounds, signal: policy.signal };
      serve(request, client, head, (upstream.address() as AddressInfo).port)
        .then(ends => relayWebSocket(...ends, { ...options, limits: { ...defaultWebSocketLimits, ...limits } }))
        .then(resolve, reject);
    });
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  const isStalled = () => toClient?.writableNeedDrain === true;
  const close = () => {
    proxy.close();
    upstream.close();
    for (const each of upstream.clients) each.terminate();
  };
  return { url: `ws://127.0.0.1:${port}/`, port, upstream, outcome, abort: () => policy.abort(), isStalled, close };
}

async function serve(request: IncomingMessage, client: Duplex, head: Buffer, port: number) {
  const fields = fieldsOf(request.rawHeaders);
  const accepted = acceptUpgrade({ method: 'GET', version: '1.1', hasBody: false, fields });
  if (!accepted.ok) throw new Error(`refused: ${accepted.problem}`);
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET / HTTP/1.1\r\nHost: upstream\r\n${lines(accepted.upgrade.fields)}\r\n`);
  const answer = await readAnswer(socket);
  const verified = verifySwitch(answer.fields, accepted.upgrade);
  if (!verified.ok) throw new Error(`refused: ${verified.problem}`);
  client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines(verified.fields)}\r\n`);
  const readers = [new ByteReader(client), answer.reader] as const;
  readers[0].replace(head);
  return [
    { stream: client, reader: readers[0] },
    { stream: socket, reader: readers[1] },
  ] as const;
}

async function readAnswer(socket: Socket) {
  const reader = new ByteReader(socket);
  while (!reader.buffered.includes('\r\n\r\n')) if ((await reader.fill(5000)) !== 'Data') throw new Error('no answer');
  const [, ...answerLines] = reader
    .take(reader.buffered.indexOf('\r\n\r\n') + 4)
    .toString('latin1')
    .trimEnd()
    .split('\r\n');
  return { reader, fields: fieldsOf(answerLines.flatMap(line => line.split(/: */, 2))) };
}

function fieldsOf(raw: readonly string[]): readonly HeaderField[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [headerField(name, raw[index + 1] ?? '')] : []));
}

function lines(fields: readonly HeaderField[]): string {
  return fields.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
}
