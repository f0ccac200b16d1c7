import { WebSocketServer } from 'ws';
import type { HostServer } from './world.ts';

/** A WebSocket server that repeats what it is told, on every path. */
export function createChatServer(): HostServer {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
  sockets.on('connection', socket => {
    socket.on('message', data => socket.send(`echo ${(data as Buffer).toString()}`));
  });
  return {
    onlyHttp1: true,
    answer: (_request, response) => response.writeHead(426).end(),
    upgrade: (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, opened => sockets.emit('connection', opened, request)),
  };
}
