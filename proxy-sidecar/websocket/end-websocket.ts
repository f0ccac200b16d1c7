import type { WebSocketEnd } from './web-socket-relay.ts';

/** Ends one side after its close frame: what still comes is thrown away, and a side that will not end is cut. */
export async function endWebSocket({ stream, reader }: WebSocketEnd, closeMs: number): Promise<void> {
  reader.discardRest();
  if (!stream.destroyed && !stream.readableEnded) {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, closeMs);
      const settle = () => {
        clearTimeout(timer);
        resolve();
      };
      stream.once('close', settle).once('end', settle);
      stream.end();
    });
  }
  await flushed(stream, closeMs);
  stream.destroy();
}

/** Until what was written has left, for a side that ended before it heard everything. */
function flushed(stream: WebSocketEnd['stream'], closeMs: number): Promise<void> {
  if (stream.destroyed || stream.writableFinished) return Promise.resolve();
  return new Promise(resolve => {
    const timer = setTimeout(resolve, closeMs);
    const settle = () => {
      clearTimeout(timer);
      resolve();
    };
    stream.once('close', settle).once('finish', settle);
    stream.end();
  });
}
