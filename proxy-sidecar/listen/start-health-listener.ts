import { createServer } from 'node:net';

/** `GET /healthz`: the process lives; `GET /readyz`: fence and snapshot are in force. The only port open to the node. */
export async function startHealthListener(port: number, isReady: () => boolean, signal: AbortSignal): Promise<void> {
  const server = createServer(socket => {
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('data', (chunk: Buffer) => {
      const asked = /^GET \/(healthz|readyz) HTTP\/1\.[01]\r\n/.exec(chunk.toString('latin1', 0, 64))?.[1];
      const ok = asked === 'healthz' || (asked === 'readyz' && isReady());
      const status = asked === undefined ? '404 Not Found' : ok ? '200 OK' : '503 Service Unavailable';
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    });
  });
  server.maxConnections = 16;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '0.0.0.0', exclusive: true, signal }, () => {
      server.off('error', reject).on('error', () => undefined);
      resolve();
    });
  });
}
