// HTTP/2 ended on the agent's side: each stream is a request of its own for policy; the connection has bounds and an end.
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { AbuseGuard } from './abuse-guard.ts';
import type { Http2Limits } from './http2-limits.ts';
import type { ServeHttp2Options } from './serve-http2-options.ts';
import { serveStream } from './serve-stream.ts';
import { UpstreamSessions } from './upstream-sessions.ts';

/** Serves the connection to its end and destroys it; never throws for what agent or upstream do. */
export async function serveHttp2(plain: Duplex, options: ServeHttp2Options): Promise<void> {
  const { limits, signal } = options;
  if (signal.aborted || plain.destroyed) return void plain.destroy();
  const upstreams = new UpstreamSessions(options);
  plain.on('error', () => plain.destroy());
  const session = performServerHandshake(plain, sessionOptions(limits));
  const abort = () => {
    session.destroy();
    plain.destroy();
  };
  let bug: { readonly error: unknown } | undefined;
  const guard = new AbuseGuard(limits, () => calm(session));
  session.on('stream', (stream: ServerHttp2Stream, _headers, _flags, raw: string[]) => {
    serveStream(stream, raw, upstreams, options).then(
      isWorth => {
        if (!isWorth) guard.wasted();
      },
      // A bug, the gate's or ours: it ends this connection and is the caller's to tell.
      (error: unknown) => {
        bug ??= { error };
        abort();
      },
    );
  });
  guard.watch(session);
  session.setTimeout(limits.idleConnectionMs, () => {
    // A time-out says only that nothing was sent for so long; streams have deadlines of their own.
    if (!guard.hasStreams) session.close();
  });
  signal.addEventListener('abort', abort, { once: true });
  // The sockets here may be half open; an HTTP/2 peer that can say nothing more, no window update either, is gone.
  plain.once('end', abort);
  await new Promise<void>(resolve => {
    session.on('error', () => session.destroy());
    session.once('close', () => resolve());
  });
  signal.removeEventListener('abort', abort);
  upstreams.close();
  plain.destroy();
  if (bug !== undefined) throw bug.error;
}

/** RFC 9113, 10.5: says why, then ends; a peer that floods does not get to drain its streams. */
function calm(session: ServerHttp2Session): void {
  if (session.destroyed) return;
  session.destroy(new Error('EnhanceYourCalm'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
}

function sessionOptions(limits: Http2Limits) {
  return {
    maxSessionMemory: limits.maxSessionMiB,
    // With a margin over what admission takes, so that it is admission that names the problem.
    maxHeaderListPairs: limits.http.maxFields + 28,
    maxSettings: 16,
    maxOutstandingPings: 2,
    maxSessionInvalidFrames: limits.maxInvalidFrames,
    maxSessionRejectedStreams: limits.maxInvalidFrames,
    streamResetBurst: limits.wastedStreams.burst,
    streamResetRate: limits.wastedStreams.perSecond,
    unknownProtocolTimeout: limits.http.headMs,
    strictSingleValueFields: false,
    settings: {
      enablePush: false,
      enableConnectProtocol: false,
      maxConcurrentStreams: limits.maxConcurrentStreams,
      initialWindowSize: limits.agentWindowBytes,
      maxHeaderListSize: limits.http.maxHeadBytes,
    },
  };
}
