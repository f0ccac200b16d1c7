// One connection of an agent through the real HTTP side: what went upstream, read by four, is what policy saw.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { permitted, type StartedHttp, startHttp } from '../../proxy-sidecar/http/testing/start-http.ts';
import { assertIsWhatPolicySaw, type Decided } from './assert-is-what-policy-saw.ts';
import { readByAll } from './read-by-all.ts';
import type { Reader } from './start-reader.ts';
import { startRecordingUpstream } from './start-recording-upstream.ts';

export interface Comparing {
  /** Requests that upstream received. */
  readonly check: (wire: string) => Promise<number>;
  readonly close: () => void;
}

const maxBodyBytes = 65_536;

/** Every second request is decided with its body. */
export async function startComparingHttp1(readers: readonly Reader[]): Promise<Comparing> {
  const upstream = await startRecordingUpstream('h1');
  const decided: Decided[] = [];
  const proxy = await startHttp({
    upstreamPort: upstream.port,
    decide: (head, body) => {
      if (body === undefined && decided.length % 2 === 1) return { verdict: 'NeedsBody', maxBytes: maxBodyBytes };
      decided.push({ head, ...(body === undefined ? {} : { body }) });
      return permitted();
    },
    limits: { idleMs: 2000, headMs: 2000, keepAliveMs: 2000 },
  });
  return {
    async check(wire) {
      decided.length = 0;
      upstream.reset();
      await talk(proxy, wire);
      await upstream.idle();
      const read = await readByAll('h1', upstream, readers);
      // What was sent is a beginning of what was decided: a bad answer or the agent's own end may have come between.
      assert.ok(read.length <= decided.length, 'more arrived than was decided on');
      for (const [at, request] of read.entries()) assertIsWhatPolicySaw(request, decided[at], 'good.example');
      return read.length;
    },
    close: () => {
      proxy.close();
      upstream.close();
    },
  };
}

async function talk(proxy: StartedHttp, wire: string): Promise<void> {
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  socket.end(Buffer.from(wire, 'latin1'));
  await once(socket, 'close');
  await proxy.served();
}
