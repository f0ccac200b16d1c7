import assert from 'node:assert/strict';
import { readClientHello } from '../../../proxy-sidecar/tls/read-client-hello.ts';
import { corpusOf, type FuzzTarget } from '../fuzz-target.ts';

/** Against a reader that first joins everything and then believes every length it can. */
export const clientHelloTarget: FuzzTarget = {
  name: 'client-hello',
  corpus: corpusOf('client-hello'),
  tokens: ['\x16\x03\x01', '\x00\x00', '\x00\x01', '\xfe\x0d', '\0', 'example.com'],
  check: bytes => {
    const read = readClientHello(bytes);
    const half = readClientHello(bytes.subarray(0, bytes.length >> 1));
    if (half.kind === 'tls') assert.deepEqual(read, half, 'more bytes change what was read');
    if (half.kind === 'malformed') assert.equal(read.kind, 'malformed');
    if (read.kind !== 'tls') return;
    assert.equal(read.serverName, referenceName(bytes));
  },
};

/** The server name of a well-formed hello; throws where there is none to read. */
function referenceName(bytes: Buffer): string | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length && bytes[at] === 22; at += 5 + bytes.readUInt16BE(at + 3))
    pieces.push(bytes.subarray(at + 5, Math.min(bytes.length, at + 5 + bytes.readUInt16BE(at + 3))));
  const message = Buffer.concat(pieces);
  const body = message.subarray(4, 4 + message.readUIntBE(1, 3));
  let at = 34;
  at += 1 + body.readUInt8(at);
  at += 2 + body.readUInt16BE(at);
  at += 1 + body.readUInt8(at);
  if (at >= body.length) return undefined;
  for (at += 2; at < body.length; at += 4 + body.readUInt16BE(at + 2)) {
    if (body.readUInt16BE(at) !== 0) continue;
    const length = body.readUInt16BE(at + 7);
    return body.toString('latin1', at + 9, at + 9 + length);
  }
  return undefined;
}
