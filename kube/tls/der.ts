// The few ASN.1 DER encoders an X.509 certificate needs (ITU-T X.690). Node signs and parses certificates but cannot make one.

/** One tag-length-value, definite length. */
function encode(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export const der = {
  sequence: (...items: readonly Uint8Array[]) => encode(0x30, ...items),
  set: (...items: readonly Uint8Array[]) => encode(0x31, ...items),
  octets: (content: Uint8Array) => encode(0x04, content),
  utf8: (text: string) => encode(0x0c, Buffer.from(text, 'utf8')),
  true: () => encode(0x01, Buffer.from([0xff])),
  /** Unsigned big-endian magnitude; leading zeroes go, and one comes back where the top bit would read as a sign. */
  integer(magnitude: Uint8Array): Buffer {
    const start = magnitude.findIndex(byte => byte !== 0);
    const bytes = start < 0 ? Buffer.from([0]) : Buffer.from(magnitude.subarray(start));
    return encode(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
  },
  /** Bits counted from the left, `unusedBits` of the last byte ignored. */
  bits: (content: Uint8Array, unusedBits = 0) => encode(0x03, Buffer.from([unusedBits]), content),
  oid(dotted: string): Buffer {
    const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
    return encode(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
  },
  /** UTCTime up to 2049, GeneralizedTime after (RFC 5280, 4.1.2.5). */
  time(date: Date): Buffer {
    const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
    return date.getUTCFullYear() < 2050
      ? encode(0x17, Buffer.from(digits.slice(2), 'ascii'))
      : encode(0x18, Buffer.from(digits, 'ascii'));
  },
  /** `[n] EXPLICIT`. */
  explicit: (n: number, content: Uint8Array) => encode(0xa0 | n, content),
  /** `[n] IMPLICIT` of a primitive. */
  implicit: (n: number, content: Uint8Array) => encode(0x80 | n, content),
} as const;

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}
