// As much of PostgreSQL's protocol, version 3, as one simple query needs.
import { createServer, type Server, type Socket } from 'node:net';

const sslRequest = 80877103;

export function createPostgresServer(arrived: string[]): Server {
  return createServer(socket => {
    let pending: Buffer = Buffer.alloc(0);
    let started = false;
    socket.on('error', () => socket.destroy());
    socket.on('data', (part: Buffer) => {
      pending = Buffer.concat([pending, part]);
      // The first messages have no type byte before their length.
      for (let at = started ? 1 : 0; pending.length >= at + 4; at = started ? 1 : 0) {
        const end = at + pending.readInt32BE(at);
        if (pending.length < end) return;
        const message = pending.subarray(0, end);
        pending = pending.subarray(end);
        if (started) answer(socket, message, arrived);
        else started = start(socket, message);
      }
    });
  });
}

function start(socket: Socket, message: Buffer): boolean {
  if (message.readInt32BE(4) === sslRequest) {
    socket.write('N');
    return false;
  }
  socket.write(
    Buffer.concat([
      frame('R', Buffer.from([0, 0, 0, 0])),
      frame('S', Buffer.from('server_version\x0015.0\0')),
      frame('S', Buffer.from('client_encoding\0UTF8\0')),
      frame('Z', Buffer.from('I')),
    ]),
  );
  return true;
}

function answer(socket: Socket, message: Buffer, arrived: string[]): void {
  if (message.toString('latin1', 0, 1) !== 'Q') return void socket.end();
  arrived.push(`postgres ${message.toString('utf8', 5, message.length - 1)}`);
  const column = Buffer.concat([
    Buffer.from([0, 1]),
    Buffer.from('said\0'),
    Buffer.from('000000000000000000190000ffffffff0000'.padEnd(36, '0'), 'hex'),
  ]);
  const text = Buffer.from('hello');
  const row = Buffer.concat([Buffer.from([0, 1, 0, 0, 0, text.length]), text]);
  socket.write(
    Buffer.concat([
      frame('T', column),
      frame('D', row),
      frame('C', Buffer.from('SELECT 1\0')),
      frame('Z', Buffer.from('I')),
    ]),
  );
}

function frame(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}
