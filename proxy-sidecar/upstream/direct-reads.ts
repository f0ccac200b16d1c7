// From upstream to the agent without a buffer for each read: a stream of node's makes 64 KiB for every one, and what it
// costs to fill memory that is always new is half of a large download.
import type { OnReadOpts, Socket } from 'node:net';
import type { ReadBuffers } from './read-buffers.ts';

export interface DirectReads {
  /** For the socket when it is made; it must be paused before it connects. */
  readonly onread: OnReadOpts;
  /** Carries what `from` reads until its end, which becomes the end of `to`. One chunk is on its way at most. */
  flow(from: Socket, to: Socket): void;
}

const nothing = new Uint8Array(0);

/** Of one connection. Small pieces are copied out of the shared buffer; who reads much gets one of its own, and gives it back. */
export function createDirectReads(buffers: ReadBuffers): DirectReads {
  let own: Buffer | undefined;
  let ends: { readonly from: Socket; readonly to: Socket } | undefined;
  /** What was read last is not with the kernel yet: its buffer must not be read into. */
  let isWriting = false;

  function onWritten(): void {
    if (ends === undefined || !isWriting || ends.to.writableLength > 0) return;
    isWriting = false;
    ends.from.resume();
  }

  /** Chooses what the next read goes into. */
  function choose(bytes: number): void {
    if (own === undefined && bytes === buffers.shared.length) own = buffers.take();
    else if (own !== undefined && bytes < own.length / 4 && !isWriting) release();
  }

  function release(): void {
    if (own !== undefined) buffers.giveBack(own, !isWriting);
    own = undefined;
  }

  return {
    onread: {
      buffer: () => own ?? buffers.shared,
      callback(bytes, buffer) {
        const to = ends?.to;
        if (to === undefined || !to.writable) return false;
        const chunk = buffer.subarray(0, bytes);
        to.write(buffer === own ? chunk : Buffer.from(chunk));
        isWriting = to.writableLength > 0;
        // Mostly the kernel has taken all of it already; otherwise what comes behind it tells when it has.
        if (isWriting) to.write(nothing, onWritten);
        choose(bytes);
        return !isWriting;
      },
    },
    flow(from, to) {
      ends = { from, to };
      from.once('end', () => to.end());
      from.once('close', release);
      from.resume();
    },
  };
}
