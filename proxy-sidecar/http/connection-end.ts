// How one HTTP/1.1 connection ends, for both handlers.
import type { Duplex } from 'node:stream';
import type { ByteReader } from './byte-reader.ts';
import type { RequestHead } from './parse-request-head.ts';

/** HTTP/1.1 stays open unless told otherwise; HTTP/1.0 is always closed, which it must expect. */
export function wantsKeepAlive(head: RequestHead): boolean {
  const isClosing = head.fields.some(({ key, value }) => key === 'connection' && /\bclose\b/i.test(value));
  return head.version === '1.1' && !isClosing;
}

const lingerMs = 1000;

/** Lets the last answer arrive: destroying a socket with unread input makes the kernel reset it. */
export async function endGently(client: Duplex, reader: ByteReader): Promise<void> {
  reader.discardRest();
  if (client.destroyed) return;
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, lingerMs);
    const settle = () => {
      clearTimeout(timer);
      resolve();
    };
    client.once('close', settle).once('end', settle);
    client.end(() => {
      if (client.readableEnded) settle();
    });
  });
}
