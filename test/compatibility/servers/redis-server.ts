import { createServer, type Server } from 'node:net';

/** Answers every command of Redis's protocol with PONG. */
export function createRedisServer(arrived: string[]): Server {
  return createServer(socket => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (part: Buffer) => {
      arrived.push(`redis ${part.toString().split('\r\n')[2]}`);
      socket.write('+PONG\r\n');
    });
  });
}
