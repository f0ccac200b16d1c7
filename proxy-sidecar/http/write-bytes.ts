import type { Writable } from 'node:stream';

/** Writes and waits while the other side is slow; false once the stream is closed. Its errors read as closed. */
export function writeBytes(stream: Writable, bytes: Buffer): Promise<boolean> {
  if (stream.destroyed || stream.writableEnded) return Promise.resolve(false);
  if (bytes.length === 0 || stream.write(bytes)) return Promise.resolve(true);
  return new Promise(resolve => {
    const settle = (isOpen: boolean) => {
      stream.off('drain', onDrain).off('close', onClose).off('error', onClose);
      resolve(isOpen);
    };
    const onDrain = () => settle(true);
    const onClose = () => settle(false);
    stream.on('drain', onDrain).on('close', onClose).on('error', onClose);
  });
}
