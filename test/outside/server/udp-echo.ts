import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { outsidePorts } from '../control-protocol.ts';

/** Sends every datagram back; the namespace's rules bring those of all ports but DNS's here. */
export async function startUdpEcho(): Promise<void> {
  const socket = createSocket('udp6');
  socket.on('message', (message, { address, port }) => socket.send(message, port, address));
  // Whoever asked is gone, or there is no way back: nothing to tell anybody.
  socket.on('error', error => process.stderr.write(`outside: udp echo: ${error.message}\n`));
  socket.bind(outsidePorts.echo, '::');
  await once(socket, 'listening');
}
