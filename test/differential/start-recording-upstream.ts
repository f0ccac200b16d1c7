// A node server that keeps what it read, and every byte that it read it from.
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import { constants, createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { listening } from '../../proxy-sidecar/testing/listening.ts';
import type { ReadRequest } from './reading.ts';

export interface RecordingUpstream {
  readonly port: number;
  /** Of each connection so far, the oldest first: what came over it, and what node made of it. */
  readonly connections: { readonly bytes: Buffer[]; readonly requests: ReadRequest[] }[];
  /** Once no connection is open any more: what was sent has been read. */
  readonly idle: () => Promise<void>;
  readonly reset: () => void;
  readonly close: () => void;
}

/** Each request is kept once its body is whole. */
export async function startRecordingUpstream(kind: 'h1' | 'h2'): Promise<RecordingUpstream> {
  const connections: RecordingUpstream['connections'] = [];
  /** By the port from which the door below dials the server. */
  const byPort = new Map<number, RecordingUpstream['connections'][number]>();
  const keep = (socket: Pick<Socket, 'remotePort'> | undefined, request: ReadRequest) =>
    byPort.get(socket?.remotePort ?? 0)?.requests.push(request);
  const server = kind === 'h1' ? createServer1(keep) : createServer2(keep);
  const serverPort = await listening(server);
  const open = new Set<Socket>();
  const door = createServer({ allowHalfOpen: true }, socket => {
    const connection = { bytes: [] as Buffer[], requests: [] as ReadRequest[] };
    connections.push(connection);
    const inner = connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true }, () => {
      byPort.set(inner.localPort ?? 0, connection);
      socket.on('data', (chunk: Buffer) => connection.bytes.push(chunk));
      socket.pipe(inner).pipe(socket);
    });
    for (const one of [socket, inner]) {
      open.add(one);
      one
        .on('error', () => undefined)
        .on('close', () => {
          open.delete(one);
          socket.destroy();
          inner.destroy();
        });
    }
  });
  return {
    port: await listening(door),
    connections,
    idle: async () => {
      while (open.size > 0) await Promise.all([...open].map(closeOf));
    },
    reset: () => {
      connections.length = 0;
      byPort.clear();
    },
    close: () => {
      door.close();
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

const closeOf = (socket: Socket) => new Promise<void>(resolve => socket.once('close', () => resolve()));

type Keep = (socket: Pick<Socket, 'remotePort'> | undefined, request: ReadRequest) => void;

function createServer1(keep: Keep): Server {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: target = '', headers, rawHeaders, socket } = request;
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      keep(socket, { method, target, host: headers.host ?? '', fields: pairs(rawHeaders), body: Buffer.concat(parts) });
      response.end('ok');
    });
  };
  return createHttp1({ requireHostHeader: false }, answer).on('checkContinue', answer).on('checkExpectation', answer);
}

function createServer2(keep: Keep): Server {
  const server = createHttp2({ strictSingleValueFields: false });
  server.on('stream', (stream: ServerHttp2Stream, headers, _flags, raw: string[]) => {
    const { ':method': method = '', ':path': target = '', ':authority': host = '' } = headers;
    const socket = stream.session?.socket;
    const fields = pairs(raw).filter(([name]) => !name.startsWith(':'));
    const parts: Buffer[] = [];
    stream.on('error', () => undefined).on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      // As node has it, a stream that was reset has ended, too.
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      keep(socket, { method, target, host, fields, body: Buffer.concat(parts) });
      if (!stream.destroyed) stream.respond({ ':status': 204 }, { endStream: true });
    });
  });
  return server;
}

function pairs(list: readonly string[]): (readonly [string, string])[] {
  return Array.from({ length: list.length / 2 }, (_, at) => [list[2 * at] ?? '', list[2 * at + 1] ?? ''] as const);
}
