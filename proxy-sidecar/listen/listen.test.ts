import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { buildAddon } from '../native/build-addon.ts';
import { loadAddon } from '../native/load-addon.ts';
import { peekBytes } from './peek-bytes.ts';
import { descriptorOf } from './start-transparent-listener.ts';

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

async function pair(): Promise<{ outer: Socket; inner: Socket }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const outer = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [[inner]] = (await Promise.all([once(server, 'connection'), once(outer, 'connect')])) as unknown as [[Socket]];
  server.close();
  open.push(outer, inner);
  return { outer, inner };
}

test('node still keeps the descriptor where descriptorOf looks, and nothing else is mistaken for one', async () => {
  const { inner } = await pair();
  expect(readlinkSync(`/proc/self/fd/${descriptorOf(inner)}`)).toMatch(/^socket:/);
  inner.destroy();
  await once(inner, 'close');
  expect(descriptorOf(inner)).toBe(-1);
});

test('the addon knows no original destination for a descriptor that is no captured connection', async () => {
  const originalDestination = loadAddon(buildAddon());
  expect(originalDestination(descriptorOf((await pair()).inner)) ?? 'none').toMatch(/^none$|^127\.0\.0\.1:\d+$/);
  expect(originalDestination(0)).toBeUndefined();
  expect(originalDestination(999_999)).toBeUndefined();
  expect(() => originalDestination(-1)).toThrow(TypeError);
  expect(() => originalDestination('1' as unknown as number)).toThrow(TypeError);
});

test('bytes that were looked at are still there, in order, with those that came later', async () => {
  const { outer, inner } = await pair();
  outer.write('he');
  const peeked = peekBytes(inner, bytes => bytes.length >= 5, 2000);
  outer.write('llo world');
  expect(await peeked).toBe('Done');
  outer.end('!');
  const chunks: Buffer[] = [];
  inner.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(inner, 'end');
  expect(Buffer.concat(chunks).toString()).toBe('hello world!');
});

test('a silent client, one that hangs up and one that is cut off are told apart from one that spoke', async () => {
  const { outer, inner } = await pair();
  expect(await peekBytes(inner, () => true, 20)).toBe('Timeout');
  outer.end();
  expect(await peekBytes(inner, () => true, 2000)).toBe('Closed');
  const cut = await pair();
  cut.inner.on('error', () => undefined);
  cut.outer.resetAndDestroy();
  expect(await peekBytes(cut.inner, () => true, 2000)).toBe('Closed');
});
