import assert from 'node:assert/strict';
import { FrameReader } from '../../../proxy-sidecar/websocket/frame-reader.ts';
import { encodeFrame, opcodes } from '../../../proxy-sidecar/websocket/web-socket-frame.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const mask = Buffer.from([1, 2, 3, 4]);
const frame = (opcode: 0 | 1 | 2 | 8 | 9 | 10, payload: string, isFinal = true) =>
  encodeFrame({ opcode, isFinal, payload: Buffer.from(payload), mask });

/** The same events in whatever pieces the bytes come, and no byte counted that is not there. */
export const websocketTarget: FuzzTarget = {
  name: 'websocket',
  corpus: [
    frame(opcodes.text, 'hello'),
    Buffer.concat([frame(opcodes.text, 'he', false), frame(opcodes.ping, 'p'), frame(opcodes.continuation, 'llo')]),
    frame(opcodes.binary, 'x'.repeat(130)),
    Buffer.concat([frame(opcodes.text, 'grüße €'), frame(opcodes.close, '\x03\xe8bye')]),
  ],
  tokens: ['\x81', '\x01', '\x80', '\x89', '\x88\x80', '\xfe\xff\xff', '\xff', '\x7f', '\xc1', '\0\0\0\0'],
  check: bytes => {
    const whole = readAll(bytes, bytes.length + 1);
    assert.equal(readAll(bytes, 3), whole);
  },
};

/** All that was said, or why reading ended: how much passes before depends on the pieces. */
function readAll(bytes: Buffer, size: number): string {
  const reader = new FrameReader({ isMasked: true, maxFragments: 16, maxMessageBytes: 4096 });
  let seen = '';
  let pending = Buffer.alloc(0);
  for (let at = 0; at < bytes.length; at += size) {
    pending = Buffer.concat([pending, bytes.subarray(at, at + size)]);
    for (;;) {
      const { used, event } = reader.read(pending);
      assert.ok(used <= pending.length);
      pending = pending.subarray(used);
      if (event?.kind === 'Problem') return `!${event.problem}`;
      if (event?.kind === 'Data') seen += event.payload.toString('latin1') + (event.isEnd ? '|' : '');
      if (event?.kind === 'Control') seen += `<${event.opcode}:${event.payload.toString('latin1')}>`;
      if (used === 0 && event === undefined) break;
    }
  }
  return seen;
}
