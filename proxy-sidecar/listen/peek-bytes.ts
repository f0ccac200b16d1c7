import type { Socket } from 'node:net';

export type Peeked = 'Done' | 'Timeout' | 'Closed';

/**
 * Pulls bytes until `enough` says so, and leaves all of them unread in the socket. The socket must be paused and nobody
 * else may read it.
 */
export async function peekBytes(
  socket: Socket,
  enough: (bytes: Buffer) => boolean,
  timeoutMs: number,
): Promise<Peeked> {
  let bytes: Buffer = Buffer.alloc(0);
  const deadlineMs = performance.now() + timeoutMs;
  try {
    for (;;) {
      const chunk = socket.read() as Buffer | null;
      if (chunk !== null) {
        bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
        if (enough(bytes)) return 'Done';
        continue;
      }
      if (socket.destroyed || socket.readableEnded) return 'Closed';
      const woken = await nextReadable(socket, deadlineMs - performance.now());
      if (woken !== 'Readable') return woken;
    }
  } finally {
    if (bytes.length > 0 && !socket.destroyed && !socket.readableEnded) socket.unshift(bytes);
  }
}

function nextReadable(socket: Socket, ms: number): Promise<'Readable' | 'Timeout' | 'Closed'> {
  return new Promise(resolve => {
    const settle = (outcome: 'Readable' | 'Timeout' | 'Closed') => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('close', onClose).off('end', onClose);
      resolve(outcome);
    };
    const onReadable = () => settle('Readable');
    const onClose = () => settle('Closed');
    const timer = setTimeout(() => settle('Timeout'), Math.max(ms, 0));
    socket.on('readable', onReadable).on('close', onClose).on('end', onClose);
  });
}
