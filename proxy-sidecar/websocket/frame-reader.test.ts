import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FrameEvent, FrameReader, type FrameReaderOptions } from './frame-reader.ts';
import { closePayload, encodeFrame, type Frame, opcodes } from './web-socket-frame.ts';

const server: FrameReaderOptions = { isMasked: false, maxFragments: 100 };
const client: FrameReaderOptions = { ...server, isMasked: true };

/** Feeds bytes in pieces, as a connection would; stops at the first problem. */
function readAll(bytes: Buffer, options: FrameReaderOptions, sizes: readonly number[] = [bytes.length]): FrameEvent[] {
  const reader = new FrameReader(options);
  const events: FrameEvent[] = [];
  let [from, to] = [0, 0];
  for (let piece = 0; to < bytes.length; piece++) {
    to = Math.min(bytes.length, to + (sizes[piece % sizes.length] ?? 1));
    for (;;) {
      const { used, event } = reader.read(bytes.subarray(from, to));
      expect(used).toBeLessThanOrEqual(to - from);
      from += used;
      if (event !== undefined) events.push(event);
      if (event?.kind === 'Problem') return events;
      if (event === undefined && used === 0) break;
    }
    // Never more than a header or a control frame waits.
    expect(to - from).toBeLessThan(139);
  }
  return events;
}

const bytesOf = (...frames: readonly Partial<Frame>[]) =>
  Buffer.concat(frames.map(frame => encodeFrame({ opcode: 1, isFinal: true, payload: Buffer.alloc(0), ...frame })));
const problemOf = (bytes: Buffer, options = server) => readAll(bytes, options).find(({ kind }) => kind === 'Problem');

describe('frames', () => {
  test.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('of %i bytes are written as they are read', length => {
    const payload = Buffer.alloc(length, 'x');
    const events = readAll(bytesOf({ payload, mask: Buffer.from('mask') }), client);
    const parts = events.map(event => (event.kind === 'Data' ? event.payload : Buffer.alloc(0)));
    expect(Buffer.concat(parts).equals(payload)).toBe(true);
    expect(events.at(-1)).toMatchObject({ kind: 'Data', type: 'Text', isEnd: true });
    expect(events.filter(event => event.kind === 'Data' && event.isStart).length).toBe(1);
  });

  test.each([
    ['H26: RSV1', [0xc1, 0], 'ReservedBits'],
    ['H26: RSV2', [0xa1], 'ReservedBits'],
    ['H26: RSV3', [0x91], 'ReservedBits'],
    ['opcode 3', [0x83, 0], 'BadOpcode'],
    ['opcode 11', [0x8b, 0], 'BadOpcode'],
    ['H26: a masked frame of a server', [0x81, 0x80, 0, 0, 0, 0], 'BadMask'],
    ['H26: a fragmented ping', [0x09, 0], 'BadControlFrame'],
    ['H26: a ping of 126 bytes', [0x89, 126, 0, 126], 'BadControlFrame'],
    ['H26: 2^63 bytes', [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], 'BadLength'],
    ['2^53 bytes', [0x82, 127, 0, 0x20, 0, 0, 0, 0, 0, 0], 'BadLength'],
    ['125 bytes in 16 bits', [0x82, 126, 0, 125], 'BadLength'],
    ['65 535 bytes in 64 bits', [0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255], 'BadLength'],
    ['a continuation of nothing', [0x80, 0], 'BadFragment'],
    ['a new message inside one', [0x01, 0, 0x81, 0], 'BadFragment'],
    ['a close frame of one byte', [0x88, 1, 3], 'BadCloseFrame'],
    ['a close reason in Latin-1', [0x88, 3, 3, 0xe8, 0xe9], 'BadUtf8'],
    ['half a character at the end', [0x81, 1, 0xc3], 'BadUtf8'],
    ['a surrogate', [0x81, 3, 0xed, 0xa0, 0x80], 'BadUtf8'],
    ['half a character before a binary message', [0x01, 1, 0xc3, 0x80, 1, 0x28], 'BadUtf8'],
  ])('with %s are refused', (_what, bytes, problem) =>
    expect(problemOf(Buffer.from(bytes))).toEqual({ kind: 'Problem', problem }),
  );

  test.each([0, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2999, 5000, 65_535])('H26: close code %i is refused', code =>
    expect(problemOf(bytesOf({ opcode: opcodes.close, payload: closePayload(code, '') }))).toMatchObject({
      problem: 'BadCloseFrame',
    }),
  );

  test.each([1000, 1001, 1003, 1007, 1014, 3000, 4999])('close code %i is read', code =>
    expect(problemOf(bytesOf({ opcode: opcodes.close, payload: closePayload(code, 'é') }))).toBeUndefined(),
  );

  test('a character may be split over fragments with a ping between', () => {
    const [first, second] = [Buffer.from([0xf0, 0x9f]), Buffer.from([0x98, 0x80])];
    const ping = { opcode: opcodes.ping, payload: Buffer.from('p') };
    const bytes = bytesOf({ isFinal: false, payload: first }, ping, { opcode: 0, payload: second });
    expect(readAll(bytes, server).map(({ kind }) => kind)).toEqual(['Data', 'Control', 'Data']);
  });

  test('H26: a long message is refused by its header, before a byte of it', () => {
    const header = encodeFrame({ opcode: 1, isFinal: true, payload: Buffer.alloc(1001, 'x') }).subarray(0, 4);
    expect(problemOf(header, { ...server, maxMessageBytes: 1000 })).toMatchObject({ problem: 'MessageTooBig' });
  });

  test('H26: a long message in fragments is refused where it gets too long', () => {
    const payload = Buffer.alloc(400, 'x');
    const bytes = bytesOf(
      { isFinal: false, payload },
      ...[1, 2].map(() => ({ opcode: 0 as const, isFinal: false, payload })),
    );
    const events = readAll(bytes, { ...server, maxMessageBytes: 1000 });
    expect(events.map(({ kind }) => kind)).toEqual(['Data', 'Data', 'Problem']);
  });
});

/** The slow reference: whole frames from whole bytes, by the tables of RFC 6455, without checks. */
function referenceFrames(bytes: Buffer): readonly { opcode: number; isFinal: boolean; payload: Buffer }[] {
  const frames = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [first = 0, second = 0] = bytes.subarray(at);
    const short = second & 127;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const length =
      lengthBytes === 0 ? short : Number(`0x${bytes.subarray(at + 2, at + 2 + lengthBytes).toString('hex')}`);
    const start = at + 2 + lengthBytes + (second & 128 ? 4 : 0);
    const mask = second & 128 ? bytes.subarray(start - 4, start) : Buffer.alloc(4);
    if (start + length > bytes.length) break;
    const payload = Buffer.from(
      bytes.subarray(start, start + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)),
    );
    frames.push({ opcode: first & 15, isFinal: first >= 128, payload });
    at = start + length;
  }
  return frames;
}

/** Messages and control payloads in order of their ends. */
function saidBy(events: readonly FrameEvent[]): readonly string[] {
  const said: string[] = [];
  let parts: Buffer[] = [];
  for (const event of events) {
    if (event.kind === 'Control') said.push(`${event.opcode} ${event.payload.toString('hex')}`);
    if (event.kind !== 'Data') continue;
    parts.push(event.payload);
    if (!event.isEnd) continue;
    said.push(`${event.type} ${Buffer.concat(parts).toString('hex')}`);
    parts = [];
  }
  return said;
}

function referenceSaid(bytes: Buffer): readonly string[] {
  const said: string[] = [];
  let [type, parts]: [string, Buffer[]] = ['', []];
  for (const { opcode, isFinal, payload } of referenceFrames(bytes)) {
    if (opcode >= 8) said.push(`${opcode} ${payload.toString('hex')}`);
    else {
      if (opcode > 0) type = opcode === 1 ? 'Text' : 'Binary';
      parts.push(payload);
      if (isFinal) said.push(`${type} ${Buffer.concat(parts.splice(0)).toString('hex')}`);
    }
  }
  return said;
}

const anyMask = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(bytes => Buffer.from(bytes));
const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });

/** Sound conversations: messages in fragments, pings between. */
const conversation = fc
  .array(
    fc.record({
      type: fc.constantFrom(opcodes.text, opcodes.binary),
      parts: fc.array(fc.string({ unit: 'binary', maxLength: 150 }), { minLength: 1, maxLength: 4 }),
      ping: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map(messages =>
    messages.flatMap(({ type, parts, ping }) =>
      parts.flatMap((part, index): Partial<Frame>[] => {
        const payload = Buffer.from(part);
        const frame = {
          opcode: index === 0 ? type : opcodes.continuation,
          isFinal: index === parts.length - 1,
          payload,
        };
        return ping ? [frame, { opcode: opcodes.ping, payload: Buffer.from('p') }] : [frame];
      }),
    ),
  );

describe('frames against a slow reference', () => {
  test('whatever the pieces they come in, all is read as it was sent', () => {
    fc.assert(
      fc.property(conversation, anyMask, sizes, (frames, mask, pieces) => {
        const bytes = bytesOf(...frames.map(frame => ({ ...frame, mask })));
        const said = saidBy(readAll(bytes, client, pieces));
        expect(said).toEqual(referenceSaid(bytes));
        expect(said.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  }, 60_000);

  test('H26: of spoilt ones, what comes before the problem is as it was sent, and the pieces change nothing', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 });
    fc.assert(
      fc.property(conversation, anyMask, edits, sizes, (frames, mask, changes, pieces) => {
        const bytes = bytesOf(...frames.map(frame => ({ ...frame, mask })));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const events = readAll(bytes, client, pieces);
        const said = saidBy(events);
        expect(said).toEqual(referenceSaid(bytes).slice(0, said.length));
        const whole = readAll(bytes, client);
        expect(saidBy(whole)).toEqual(said);
        expect(whole.at(-1)?.kind === 'Problem' ? whole.at(-1) : 'read').toEqual(
          events.at(-1)?.kind === 'Problem' ? events.at(-1) : 'read',
        );
      }),
      { numRuns: 5000 },
    );
  }, 60_000);
});
