import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { bufferBody } from './buffer-body.ts';
import { ByteReader } from './byte-reader.ts';
import { defaultHttpLimits } from './http-limits.ts';
import type { RequestHead } from './parse-request-head.ts';

const maxBytes = 65_536;
const head = { framing: { kind: 'Chunked' }, fields: [] } as unknown as RequestHead;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('A body in chunks of one byte, padded with extensions, holds the memory of its bytes', async () => {
  const client = new PassThrough();
  const reader = new ByteReader(client);
  const reading = bufferBody(client, reader, head, maxBytes, defaultHttpLimits);
  const chunk = Buffer.from(`1;${'x'.repeat(200)}\r\na\r\n`);
  const before = heldBytes();
  for (let at = 0; at < maxBytes; at++) {
    // A buffer of its own each, as from the network.
    if (!client.write(Buffer.concat([chunk]))) await once(client, 'drain');
  }
  expect(heldBytes() - before).toBeLessThan(4 * 1024 * 1024);
  client.end('0\r\n\r\n');
  expect(await reading).toEqual({ ok: true, body: Buffer.alloc(maxBytes, 'a') });
});

test('A body one byte too long is refused as soon as it is', async () => {
  const client = new PassThrough();
  const reading = bufferBody(client, new ByteReader(client), head, 4, defaultHttpLimits);
  client.write('4\r\nbody\r\n1\r\n!\r\n');
  expect(await reading).toEqual({ ok: false, problem: 'BodyTooLarge' });
});
