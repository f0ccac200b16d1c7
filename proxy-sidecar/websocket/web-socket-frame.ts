// Frames of RFC 6455 as they are written anew: never with reserved bits, always with the shortest length.

export const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;
export type Opcode = (typeof opcodes)[keyof typeof opcodes];
export type ControlOpcode = 0x8 | 0x9 | 0xa;

export interface Frame {
  readonly opcode: Opcode;
  readonly isFinal: boolean;
  readonly payload: Buffer;
  /** Four unpredictable bytes; of frames to a server, and no others. */
  readonly mask?: Buffer;
}

export function encodeFrame({ opcode, isFinal, payload, mask }: Frame): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = 2 + extended + (mask === undefined ? 0 : 4);
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = (isFinal ? 0x80 : 0) | opcode;
  frame[1] = (mask === undefined ? 0 : 0x80) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  payload.copy(frame, start);
  if (mask !== undefined) {
    mask.copy(frame, start - 4);
    applyMask(frame.subarray(start), mask, 0);
  }
  return frame;
}

/** Masks or unmasks in place; `offset` is how many bytes of the frame came before. */
export function applyMask(bytes: Buffer, mask: Buffer, offset: number): void {
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = (bytes[index] ?? 0) ^ (mask[(offset + index) & 3] ?? 0);
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return payload;
}
