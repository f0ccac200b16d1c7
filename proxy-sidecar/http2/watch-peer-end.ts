import type { Http2Stream } from 'node:http2';

/**
 * Tells whether the peer has ended its half. Node says 'end' also for RST_STREAM(NO_ERROR) and for a session that went
 * away, but only once the stream is `closed`; END_STREAM comes before. To be called before anything can have arrived.
 */
export function watchPeerEnd(stream: Http2Stream): () => boolean {
  let isEnded = false;
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null && !stream.closed) isEnded = true;
    return push(chunk, encoding);
  };
  return () => isEnded;
}
