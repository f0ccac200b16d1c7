// A real gRPC client and server with the adapter in between: every kind of call, and what a denied one looks like.
import { Buffer } from 'node:buffer';
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { host, permitted, type StartedHttp2, startHttp2 } from './testing/start-http2.ts';

const same = (bytes: Buffer) => bytes;
const shape = (method: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${method}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const service = {
  Say: shape('Say', false, false),
  Fail: shape('Fail', false, false),
  Count: shape('Count', false, true),
  Talk: shape('Talk', true, true),
  Drop: shape('Drop', false, false),
};
const say: handleUnaryCall<Buffer, Buffer> = (call, answer) => answer(null, call.request);
const fail: handleUnaryCall<Buffer, Buffer> = (_call, answer) => {
  const metadata = new Metadata();
  metadata.set('x-why', 'test');
  answer({ code: status.NOT_FOUND, details: 'nö', metadata });
};
const count: handleServerStreamingCall<Buffer, Buffer> = call => {
  for (let at = 0; at < 100; at++) call.write(Buffer.from(String(at)));
  call.end();
};
const talk: handleBidiStreamingCall<Buffer, Buffer> = call => {
  call.on('data', (message: Buffer) => call.write(message));
  call.on('end', () => call.end());
};

const server = new Server();
let proxy: StartedHttp2;
let client: Client;
beforeAll(async () => {
  server.addService(service, { Say: say, Fail: fail, Count: count, Talk: talk, Drop: say });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  proxy = await startHttp2({
    upstream: () => ({ port, alpn: 'h2' }),
    // The client of this test speaks without TLS, and so with its scheme; TLS is ended before the adapter.
    scheme: 'http',
    decide: head =>
      head.target === '/test.Echo/Drop'
        ? {
            verdict: 'Refuse',
            status: 403,
            body: { error: 'RequestNotAllowed', detail: 'No rule lists it.', host, port: 443, next: 'Ask apr-1.' },
          }
        : permitted,
  });
  client = new Client(`127.0.0.1:${proxy.port}`, credentials.createInsecure(), { 'grpc.default_authority': host });
});
afterAll(async () => {
  client.close();
  await proxy.close();
  server.forceShutdown();
});

function unary(method: keyof typeof service, message: Buffer): Promise<unknown> {
  return new Promise(resolve => {
    client.makeUnaryRequest(service[method].path, same, same, message, (error, answer) => resolve(error ?? answer));
  });
}

test('unary: the message comes back whole, larger than any window', async () => {
  const message = Buffer.alloc(1_000_000, 'm');
  expect(message.equals((await unary('Say', message)) as Buffer)).toBe(true);
  expect(proxy.asked.at(-1)?.head).toMatchObject({
    method: 'POST',
    target: '/test.Echo/Say',
    contentType: 'application/grpc',
  });
});

test("the server's own status, message and trailing metadata arrive", async () => {
  const error = (await unary('Fail', Buffer.alloc(0))) as { code: number; details: string; metadata: Metadata };
  expect([error.code, error.details, error.metadata.get('x-why')]).toEqual([status.NOT_FOUND, 'nö', ['test']]);
});

test('server streaming: a hundred messages, in order, and OK', async () => {
  const call = client.makeServerStreamRequest(service.Count.path, same, same, Buffer.alloc(0));
  const got: string[] = [];
  const ended = new Promise<number>(resolve => call.on('status', ({ code }) => resolve(code)));
  call.on('data', (message: Buffer) => got.push(message.toString()));
  expect(await ended).toBe(status.OK);
  expect(got).toEqual(Array.from({ length: 100 }, (_, at) => String(at)));
});

test('bidirectional: each answer before the next question', async () => {
  const call = client.makeBidiStreamRequest(service.Talk.path, same, same);
  const ended = new Promise<number>(resolve => call.on('status', ({ code }) => resolve(code)));
  for (const word of ['one', 'two', 'three']) {
    const answer = new Promise(resolve => call.once('data', (message: Buffer) => resolve(message.toString())));
    call.write(Buffer.from(word));
    expect(await answer).toBe(word);
  }
  call.end();
  expect(await ended).toBe(status.OK);
});

test('a denied method is PERMISSION_DENIED with a message that says what to do', async () => {
  const error = (await unary('Drop', Buffer.from('x'))) as { code: number; details: string };
  expect(error.code).toBe(status.PERMISSION_DENIED);
  expect(error.details).toBe('RequestNotAllowed: No rule lists it. Ask apr-1.');
  expect(await unary('Say', Buffer.from('x'))).toEqual(Buffer.from('x'));
});

test('a call that policy no longer allows ends as CANCELLED', async () => {
  const call = client.makeBidiStreamRequest(service.Talk.path, same, same);
  const ended = new Promise<number>(resolve => call.on('status', ({ code }) => resolve(code)));
  call.on('error', () => undefined);
  const answer = new Promise(resolve => call.once('data', resolve));
  call.write(Buffer.from('x'));
  await answer;
  for (const close of proxy.watching) close();
  expect(await ended).toBe(status.CANCELLED);
});
