import type { Http2Stream } from 'node:http2';

/** Also where nobody reads on: after `close` alone node would wait for that, and the stream stay. */
export function resetStream(stream: Http2Stream, code: number): void {
  if (!stream.closed) stream.close(code);
  stream.destroy();
}
