import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { tokenBucket } from '../token-bucket.ts';
import { answerQuery, type DnsContext } from './answer-query.ts';
import { encodeFailure, rcodes } from './dns-message.ts';

const host = '127.0.0.1';
/** Answers a second, both transports together; more are dropped, as a busy resolver would. */
const maxPerSecond = 2000;
const maxTcpConnections = 64;
const tcpIdleMs = 5000;
/** Of answers that the asker does not read: more would be the sidecar's memory. */
const maxUnreadBytes = 64 * 1024;

/** Serves captured DNS on UDP and TCP until the signal aborts; resolves when both listen. `log` hears of bugs: SERVFAIL. */
export async function startDnsServer(
  port: number,
  context: DnsContext,
  log: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const answerOrFail = (message: Buffer): Buffer | undefined => {
    try {
      return answerQuery(message, context);
    } catch (error) {
      log(`a DNS query failed: ${String(error)}`);
      return message.length < 2 ? undefined : encodeFailure(message.readUInt16BE(0), rcodes.ServFail);
    }
  };
  const admit = tokenBucket(maxPerSecond, () => performance.now());
  const udp = createSocket({ type: 'udp4', signal });
  udp.on('message', (message, { address, port: from }) => {
    const answer = admit() ? answerOrFail(message) : undefined;
    if (answer !== undefined) udp.send(answer, from, address);
  });
  // A reply that cannot be sent (the asker is gone) is no event; the socket goes on.
  udp.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind({ port, address: host, exclusive: true }, () => {
      udp.off('error', reject);
      resolve();
    });
  });
  const tcp = createServer(socket => serveTcp(socket, message => (admit() ? answerOrFail(message) : undefined)));
  tcp.maxConnections = maxTcpConnections;
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen({ port, host, exclusive: true, signal }, resolve);
  });
  // Out of descriptors: the kernel keeps the connection queued, accepting goes on.
  tcp.on('error', () => undefined);
}

/** Two bytes of length before each message (RFC 7766). */
function serveTcp(socket: Socket, answer: (message: Buffer) => Buffer | undefined): void {
  let buffered: Buffer = Buffer.alloc(0);
  socket.setTimeout(tcpIdleMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
      const end = 2 + buffered.readUInt16BE(0);
      const reply = answer(buffered.subarray(2, end));
      buffered = buffered.subarray(end);
      if (reply === undefined || socket.writableLength > maxUnreadBytes) {
        socket.destroy();
        return;
      }
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
    }
  });
}
