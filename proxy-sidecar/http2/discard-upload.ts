import { constants, type ServerHttp2Stream } from 'node:http2';

const { NGHTTP2_NO_ERROR } = constants;
const maxDiscardedBytes = 256 * 1024;
const discardMs = 1000;

/**
 * RFC 9113, 8.1: an answer before the upload's end may be followed by RST_STREAM(NO_ERROR). Some clients take a reset that
 * comes with the answer for the answer, so what is under way may still come, a little of it.
 */
export function discardUpload(stream: ServerHttp2Stream): void {
  let left = maxDiscardedBytes;
  const stop = () => stream.close(NGHTTP2_NO_ERROR);
  const timer = setTimeout(stop, discardMs);
  stream.once('close', () => clearTimeout(timer));
  stream.unpipe();
  stream.resume();
  stream.on('data', (data: Buffer) => {
    left -= data.length;
    if (left < 0) stop();
  });
}
