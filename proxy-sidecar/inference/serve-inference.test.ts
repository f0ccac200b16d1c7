import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { inspect } from 'node:util';
import OpenAI from 'openai';
import { Agent, buildConnector, fetch as undiciFetch } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { createDecider } from '../../engine/decide/decider.ts';
import { classifyAnswers } from '../../engine/decide/permit.ts';
import { routeAllow } from '../../engine/decide/route-allow.ts';
import { issueCertificate } from '../../kube/tls/issue-certificate.ts';
import type { NoRoute, Route } from '../../protocol/snapshot.ts';
import { defaultHttpLimits } from '../http/http-limits.ts';
import { ByteBudget } from './byte-budget.ts';
import { type InferenceRecord, serveInference } from './serve-inference.ts';
import { type PoolPorts, UpstreamPool } from './upstream-pool.ts';

const apiKey = 'sk-route-key-0123456789';
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A CA of this test and a leaf for each name. */
const ca = makeAuthority();
function makeAuthority() {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { commonName: 'Test CA', ...keys };
  const valid = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3_600_000) };
  const cert = issueCertificate({
    commonName: 'Test CA',
    publicKey: keys.publicKey,
    issuer,
    usage: { kind: 'ca' },
    ...valid,
  } as never);
  const leaf = (name: string) => {
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const leafCert = issueCertificate({
      commonName: name,
      publicKey: own.publicKey,
      issuer,
      usage: { kind: 'server', dnsNames: [name] },
      ...valid,
    } as never);
    return { cert: leafCert, key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }) };
  };
  return { cert, leaf };
}

async function listen(
  server: NodeJS.EventEmitter & { listen(port: number, host: string): unknown; close(): unknown; address(): unknown },
) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => void server.close());
  return (server.address() as AddressInfo).port;
}

interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface World {
  readonly baseURL: string;
  readonly port: number;
  readonly seen: Seen[];
  readonly records: InferenceRecord[];
  readonly budget: ByteBudget;
  readonly dials: string[];
  route: Route | NoRoute | undefined;
  answer: (seen: Seen, response: ServerResponse) => void;
  readonly fetch: typeof fetch;
}

const completion = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'real/model',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello, world!' } }],
  usage: { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 },
};
const answerJson =
  (body: unknown, status = 200) =>
  (_seen: Seen, response: ServerResponse) => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'set-cookie': 'a=b',
      'alt-svc': 'h3',
      'x-request-id': 'r1',
    });
    response.end(JSON.stringify(body));
  };

/** The model server over TLS, the sidecar's handler behind its own TLS, and a client's way in. */
async function startWorld(budgetBytes = 1_000_000): Promise<World> {
  const seen: Seen[] = [];
  const world = {
    seen,
    records: [] as InferenceRecord[],
    dials: [] as string[],
    answer: answerJson(completion),
    budget: new ByteBudget(budgetBytes),
  };
  const upstream = createHttpsServer({ ...ca.leaf('models.example') }, (request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { url = '', method = '', headers } = request;
        const one = { url, method, headers, body: Buffer.concat(chunks).toString() };
        seen.push(one);
        world.answer(one, response);
      });
  });
  const upstreamPort = await listen(upstream);
  const route: Route = {
    hash: 'h',
    profile: 'main',
    provider: 'OpenAI',
    endpoint: `https://models.example:${upstreamPort}/v1`,
    addresses: ['10.96.0.5'],
    allowedCidrs: [],
    model: 'real/model',
    models: [],
    credential: { secret: apiKey, allowedHosts: ['models.example'] },
    timeoutMs: 500,
    maxRequestBytes: 100_000,
  };
  const full: typeof world & { route: Route | NoRoute | undefined } = Object.assign(world, { route });
  const pool = new UpstreamPool(portsTo(upstreamPort, world.dials));
  cleanups.push(() => pool.clear());
  const stop = new AbortController();
  cleanups.push(() => stop.abort());
  const front = createTlsServer({ ...ca.leaf('inference.local') }, client => {
    void serveInference(client, {
      currentRoute: () => full.route,
      pool,
      budget: world.budget,
      record: record => full.records.push(record),
      limits: { ...defaultHttpLimits, headMs: 1000, idleMs: 1000 },
      signal: stop.signal,
    });
  });
  const port = await listen(front);
  // The client believes in inference.local:443; only the TCP connection is led to this test's port.
  const connector = buildConnector({ ca: ca.cert });
  const agent = new Agent({
    connect: (options, done) =>
      connector({ ...options, hostname: '127.0.0.1', port: String(port), servername: 'inference.local' }, done),
  });
  cleanups.push(() => void agent.destroy());
  const viaAgent = ((url: string, init: object) =>
    undiciFetch(url, { ...init, dispatcher: agent })) as unknown as typeof fetch;
  return Object.assign(full, { port, baseURL: 'https://inference.local/v1', fetch: viaAgent });
}

/** The engine's own permit; only the last step, from the pinned address to this test's loopback port, is the test's. */
function portsTo(upstreamPort: number, dials: string[]): PoolPorts {
  const policy = {
    hash: '',
    onUnlisted: 'Ask',
    holdMs: 0,
    identity: 'None',
    frozen: false,
    rules: [],
    neverAddresses: [],
  } as const;
  const decider = createDecider(policy, { hash: '', items: [] }, () => 0);
  return {
    permitRoute: (route, target) =>
      Promise.resolve(classifyAnswers({ host: target.host, port: target.port, allow: routeAllow(route) }, [], decider)),
    dial: async permit => {
      dials.push(...permit.addresses);
      const stream = connectTls({
        socket: connectTcp(upstreamPort, '127.0.0.1'),
        ca: ca.cert,
        servername: permit.host,
      });
      const problem = await Promise.race([
        once(stream, 'secureConnect').then(() => undefined),
        once(stream, 'error').then(([error]) => String(error)),
      ]).catch(String);
      return problem === undefined ? { ok: true, stream } : { ok: false, problem };
    },
  };
}

const client = (world: World, overrides = {}) =>
  new OpenAI({ apiKey: 'agents-own-key', baseURL: world.baseURL, fetch: world.fetch, maxRetries: 0, ...overrides });
const ask = { model: 'whatever', messages: [{ role: 'user' as const, content: 'Hi' }] };

describe('the openai client', () => {
  test('gets its answer through the route, with model and key replaced', async () => {
    const world = await startWorld();
    const answer = await client(world).chat.completions.create(ask);
    expect(answer.choices[0]?.message.content).toBe('Hello, world!');
    const [call] = world.seen;
    expect(call).toMatchObject({
      url: '/v1/chat/completions',
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'accept-encoding': 'identity' },
    });
    expect(JSON.parse(call?.body ?? '')).toEqual({ ...ask, model: 'real/model' });
    expect(Object.keys(call?.headers ?? {}).filter(name => name.startsWith('x-stainless'))).toEqual([]);
    expect(JSON.stringify(call)).not.toContain('agents-own-key');
    expect(world.records).toMatchObject([{ status: 200, profile: 'main', usage: { tokens: 9, isEstimate: false } }]);
    expect(world.dials).toEqual(['10.96.0.5']);
  });

  test('streams: each event arrives as soon as the model server sent it', async () => {
    const world = await startWorld();
    const next: (() => void)[] = [];
    const words = ['Hello', ', ', 'world'];
    world.answer = (_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let index = 0;
      const send = () => {
        const word = words[index++];
        if (word === undefined)
          return response.end('data: {"choices":[],"usage":{"total_tokens":42}}\n\ndata: [DONE]\n\n');
        return response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: word } }] })}\n\n`);
      };
      next.push(send);
      send();
    };
    const stream = await client(world).chat.completions.create({ ...ask, stream: true });
    const got: string[] = [];
    for await (const event of stream) {
      const word = event.choices[0]?.delta.content;
      if (word !== undefined && word !== null) got.push(word);
      // The next one is sent only once this one is here: a gateway that gathers would wait for ever.
      next[0]?.();
    }
    expect(got).toEqual(words);
    await expect.poll(() => world.records).toMatchObject([{ usage: { tokens: 42, isEstimate: false } }]);
  });

  test('lists the models of the route', async () => {
    const world = await startWorld();
    world.answer = answerJson({
      object: 'list',
      data: [{ id: 'real/model', object: 'model', created: 1, owned_by: 'x' }],
    });
    const models = [];
    for await (const model of client(world).models.list()) models.push(model.id);
    expect(models).toEqual(['real/model']);
    expect(world.seen[0]).toMatchObject({
      method: 'GET',
      url: '/v1/models',
      headers: { authorization: `Bearer ${apiKey}` },
    });
  });

  test('uses a new route at its next call, on kept connections, while a stream finishes on the old one', async () => {
    const world = await startWorld();
    let finish: (() => void) | undefined;
    world.answer = (seen, response) => {
      if (!seen.body.includes('"stream"')) return answerJson(completion)(seen, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'old' } }] })}\n\n`);
      finish = () => void response.end('data: [DONE]\n\n');
    };
    const stream = (await client(world).chat.completions.create({ ...ask, stream: true }))[Symbol.asyncIterator]();
    await stream.next();
    world.route = { ...(world.route as Route), hash: 'i', model: 'second/model' };
    await client(world).chat.completions.create(ask);
    await client(world).chat.completions.create(ask);
    finish?.();
    expect((await stream.next()).done).toBe(true);
    expect(world.seen.map(({ body }) => (JSON.parse(body) as { model: string }).model)).toEqual([
      'real/model',
      'second/model',
      'second/model',
    ]);
    expect(world.dials).toHaveLength(2);
  });
});

/** A raw call over TLS: what no client library would send. */
async function raw(world: World, text: string): Promise<string> {
  const socket = connectTls({ port: world.port, host: '127.0.0.1', servername: 'inference.local', ca: ca.cert });
  cleanups.push(() => socket.destroy());
  await once(socket, 'secureConnect');
  socket.write(text);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

const post = (body: string, path = '/v1/chat/completions', ...fields: string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    'Host: inference.local',
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...fields,
    '',
    body,
  ].join('\r\n');

describe('a call that is none', () => {
  const body = JSON.stringify(ask);
  test.each<[string, string, number, string]>([
    ['another path', post(body, '/v1/files'), 403, 'NotInference'],
    ['dot segments', post(body, '/v1/../admin'), 403, 'NotInference'],
    ['another host', post(body).replace('inference.local', 'evil.example'), 403, 'NotInference'],
    [
      'GET where POST belongs',
      'GET /v1/chat/completions HTTP/1.1\r\nHost: inference.local\r\nConnection: close\r\n\r\n',
      405,
      'MethodNotAllowed',
    ],
    ['the other dialect', post(body, '/v1/messages'), 400, 'WrongDialect'],
    ['two models', post('{"model":"a","model":"b"}'), 400, 'BadBody'],
    ['packed', post(body, undefined, 'Content-Encoding: gzip'), 415, 'EncodedBody'],
    ['too large', post('x').replace('Content-Length: 1', 'Content-Length: 1000000000'), 413, 'BodyTooLarge'],
    [
      'too large in chunks',
      `POST /v1/embeddings HTTP/1.1\r\nHost: inference.local\r\nTransfer-Encoding: chunked\r\n\r\n19000\r\n${'x'.repeat(0x19000)}\r\n0\r\n\r\n`,
      413,
      'BodyTooLarge',
    ],
    ['smuggled', post(body, undefined, 'Transfer-Encoding: chunked'), 400, 'BadBody'],
  ])('%s reaches no model server', async (_what, bytes, status, code) => {
    const world = await startWorld();
    const answer = await raw(world, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain(`"code":"${code}"`);
    expect(world.seen).toEqual([]);
    expect(world.budget.usedBytes).toBe(0);
  });

  test('without a route says why', async () => {
    const world = await startWorld();
    world.route = { hash: 'n', reason: 'SecretAccessDenied', message: 'run kubectl create rolebinding' };
    await expect(client(world).chat.completions.create(ask)).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('SecretAccessDenied') as string,
    });
  });

  test('beyond what all bodies of the sandbox may hold is a 503', async () => {
    const world = await startWorld(10);
    await expect(client(world).chat.completions.create(ask)).rejects.toMatchObject({
      status: 503,
      code: 'TooManyBodies',
    });
  });

  test.each<[string, Partial<Route>]>([
    ['whose Secret names other hosts', { credential: { secret: apiKey, allowedHosts: ['other.example'] } }],
    [
      'at a metadata address',
      {
        endpoint: 'https://169.254.169.254/v1',
        addresses: ['169.254.169.254'],
        credential: { secret: apiKey, allowedHosts: ['169.254.169.254'] },
      },
    ],
    [
      'with a certificate for another name',
      { endpoint: 'https://wrong.example/v1', credential: { secret: apiKey, allowedHosts: ['wrong.example'] } },
    ],
  ])('a route %s gets no call', async (_what, overrides) => {
    const world = await startWorld();
    world.route = { ...(world.route as Route), ...overrides };
    await expect(client(world).chat.completions.create(ask)).rejects.toThrow(/endpoint|reached/);
    expect(world.seen).toEqual([]);
  });
});

describe('the key is never seen by the agent', () => {
  test('not in a refusal of the model server', async () => {
    const world = await startWorld();
    world.answer = answerJson({ error: { message: `Incorrect API key ${apiKey}` } }, 401);
    const error: unknown = await client(world)
      .chat.completions.create(ask)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ status: 502, code: 'UpstreamRefusedKey' });
    expect(inspect(error, { depth: 9 })).not.toContain(apiKey);
  });

  test('not in an echo, cut anywhere, in body or header', async () => {
    const world = await startWorld();
    world.answer = (seen, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'x-request-id': String(seen.headers.authorization) });
      const text = `you sent ${String(seen.headers.authorization)} ok`;
      response.write(text.slice(0, 25));
      setTimeout(() => response.end(text.slice(25)), 5);
    };
    const answer = await raw(world, post(JSON.stringify(ask)));
    expect(answer).toContain('*'.repeat(apiKey.length));
    expect(answer).not.toContain(apiKey);
  });

  test('not where a redirect leads, and cookies stay out', async () => {
    const world = await startWorld();
    world.answer = (_seen, response) => void response.writeHead(307, { location: 'https://evil.example/' }).end();
    expect(await raw(world, post(JSON.stringify(ask)))).toMatch(/^HTTP\/1\.1 502 [\s\S]*UpstreamRedirect/);
    expect(world.seen).toHaveLength(1);
    world.answer = answerJson(completion);
    const answer = await raw(world, post(JSON.stringify(ask)));
    expect(answer).toMatch(/x-request-id: r1/i);
    expect(answer).not.toMatch(/set-cookie|alt-svc/i);
  });
});

test('a model server that is silent is given up after the timeout of the profile', async () => {
  const world = await startWorld();
  world.answer = () => undefined;
  await expect(client(world).chat.completions.create(ask)).rejects.toMatchObject({
    status: 504,
    code: 'UpstreamTimeout',
  });
});

test('an agent that hangs up ends the call upstream', async () => {
  const world = await startWorld();
  const closed = Promise.withResolvers<void>();
  world.answer = (_seen, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
    response.on('close', () => closed.resolve());
  };
  const request = httpsRequest({
    port: world.port,
    host: '127.0.0.1',
    servername: 'inference.local',
    ca: ca.cert,
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { host: 'inference.local' },
  });
  request.on('error', () => undefined).end(JSON.stringify(ask));
  await once(request, 'response');
  request.destroy();
  await closed.promise;
});

test('a kept connection that the model server closed is replaced without the agent noticing', async () => {
  const world = await startWorld();
  world.answer = (seen, response) => {
    answerJson(completion)(seen, response);
    response.on('finish', () => response.socket?.end());
  };
  for (let round = 0; round < 3; round++) {
    const answer = await client(world).chat.completions.create(ask);
    expect(answer.choices).toHaveLength(1);
  }
});
