// The model server as real clients use it. It needs no namespace: one HTTP server on loopback.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createState, type State } from './server/state.ts';
import { openTestCa } from './server/test-ca.ts';
import { createHttpServer } from './server/web-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'creel-model-'));
const ca = openTestCa(folder);
let state: State;
let server: Server;
let client: OpenAI;

beforeAll(() => {
  state = createState(ca);
});
beforeEach(async () => {
  server?.close();
  state = createState(ca);
  server = createHttpServer(state, 'model').listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  client = new OpenAI({ apiKey: 'sk-given', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const messages = [{ role: 'user' as const, content: 'What is a creel?' }];

test('a chat completion names the model, repeats the question and counts tokens', async () => {
  const answer = await client.chat.completions.create({ model: 'some-model', messages });
  expect(answer.choices[0]?.message.content).toMatch(/some-model .*What is a creel\?$/);
  expect(answer.usage?.total_tokens).toBeGreaterThan(10);
  expect(state.recorder.requests).toMatchObject([
    { kind: 'model', path: '/v1/chat/completions', headers: { authorization: 'Bearer sk-given' } },
  ]);
  expect(JSON.parse(state.recorder.requests[0]?.body ?? '')).toMatchObject({ model: 'some-model', messages });
});

test('what an agent adds around a question is not repeated', async () => {
  const answer = await client.chat.completions.create({
    model: 'some-model',
    messages: [
      { role: 'system', content: 'You are an assistant.' },
      { role: 'user', content: '[Wed 08:33 UTC] Hello, world!\n\nRuntime: agent=main' },
      { role: 'user', content: [{ type: 'text', text: '<<<BEGIN>>>\nnothing\n<<<END>>>' }] },
    ],
  });
  expect(answer.choices[0]?.message.content).toBe(
    'Hello! This is some-model of the test model server. You said: Hello, world!',
  );
});

test('a stream delivers the same text in pieces, and the usage last where it was asked for', async () => {
  const stream = await client.chat.completions.create({
    model: 'some-model',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = await Array.fromAsync(stream);
  const text = chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('');
  expect(text).toMatch(/^Hello! This is some-model .*What is a creel\?$/);
  expect(chunks.length).toBeGreaterThan(5);
  expect(chunks.at(-1)?.usage?.completion_tokens).toBeGreaterThan(5);
});

test('responses, whole and streamed, end completed with the same text', async () => {
  const whole = await client.responses.create({ model: 'some-model', input: 'hi' });
  const events = await Array.fromAsync(
    await client.responses.create({ model: 'some-model', input: 'hi', stream: true }),
  );
  const last = events.at(-1);
  expect(whole.output_text).toMatch(/some-model .*hi$/);
  const deltas = events.map(event => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
  expect(deltas).toBe(whole.output_text);
  expect(last?.type === 'response.completed' && last.response.status).toBe('completed');
});

test('completions, embeddings and the list of models answer as the client expects', async () => {
  const completion = await client.completions.create({ model: 'm', prompt: 'once' });
  const stream = await client.completions.create({ model: 'm', prompt: 'once', stream: true });
  const pieces = (await Array.fromAsync(stream)).map(chunk => chunk.choices[0]?.text ?? '');
  expect(pieces.join('')).toBe(completion.choices[0]?.text);
  const embedded = await client.embeddings.create({ model: 'm', input: ['a', 'b'] });
  expect(embedded.data.map(({ embedding }) => embedding.length)).toEqual([16, 16]);
  state.model = { ...state.model, models: ['one', 'two'] };
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['one', 'two']);
  expect((await client.models.retrieve('two')).id).toBe('two');
  await expect(client.models.retrieve('three')).rejects.toThrow(/404/);
});

test('a wrong key is refused, and failures come as often as they were asked for', async () => {
  state.model = { ...state.model, apiKey: 'sk-real', failNext: { status: 503, times: 1 } };
  state.failuresLeft = 1;
  await expect(client.models.list()).rejects.toThrow(/401/);
  const good = client.withOptions({ apiKey: 'sk-real' });
  await expect(good.models.list()).rejects.toThrow(/503/);
  await expect(good.models.list()).resolves.toBeDefined();
});
