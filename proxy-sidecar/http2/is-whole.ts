import { constants, type Http2Stream } from 'node:http2';

/** The other side ended its half: node says 'end' for a reset, too. */
export function isWhole(stream: Http2Stream): boolean {
  return stream.readableEnded && !stream.aborted && (stream.rstCode ?? 0) === constants.NGHTTP2_NO_ERROR;
}
