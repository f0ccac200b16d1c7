// HTTP/2 on both sides of the sidecar, over real TLS: bodies, trailers, gRPC, and policy that changes under open streams.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { inspect } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('h2u');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

const program = readFileSync(new URL('http2-client.cjs', import.meta.url), 'utf8');
const fullAccess = { policy: { rules: [inspect(['api.test'], { access: 'Full' })] } };

type Ask = readonly [
  method: string,
  path: string,
  fields?: Readonly<Record<string, string>>,
  body?: string,
  trailers?: Readonly<Record<string, string>>,
];

interface ClientEvent {
  readonly event: 'head' | 'end' | 'session';
  readonly path: string;
  readonly status?: number;
  readonly body?: string;
  readonly trailers?: Readonly<Record<string, string>>;
  readonly code?: number;
  readonly atMs: number;
}

/** One connection of a node client in the pod, with these streams open at once. */
function openClient(asks: readonly Ask[]) {
  const command = [path.sidecar.files.node, '-e', program, 'https://api.test', JSON.stringify(asks)];
  const started = path.pod.start(command, { env: path.sidecar.agentEnv, interactive: true, timeoutMs: 30_000 });
  const events = () =>
    started.stdout
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as ClientEvent);
  const event = (kind: ClientEvent['event'], at: string) =>
    waitUntil(() => events().find(({ event: what, path: where }) => what === kind && where === at), {
      what: `'${kind}' of ${at} in the client`,
      timeoutMs: 10_000,
      intervalMs: 5,
      explain: () => started.stdout + started.stderr,
    });
  const ask = (wanted: Ask) => started.child.stdin.write(`${JSON.stringify(wanted)}\n`);
  return { event, ask, end: () => started.stop() };
}

const upstreamConnections = () => path.outside.connections(({ serverName }) => serverName === 'api.test');

test('H23 streams of one connection share one HTTP/2 connection upstream, and each is decided alone', async () => {
  await path.hub.apply({ policy: { rules: [inspect(['api.test'], { access: 'ReadOnly' })] } });
  const asks = Array.from({ length: 20 }, (_, at): Ask => [at % 2 === 0 ? 'GET' : 'DELETE', `/${at}`]);
  const client = openClient(asks);
  const heads = await Promise.all(asks.map(([, at]) => client.event('head', at)));
  expect(heads.map(({ status }) => status)).toEqual(asks.map(([method]) => (method === 'GET' ? 200 : 403)));
  const seen = await path.outside.requests();
  expect(seen).toHaveLength(10);
  expect(seen.every(({ method, httpVersion }) => method === 'GET' && httpVersion === '2.0')).toBe(true);
  expect(await upstreamConnections()).toHaveLength(1);
});

test.each(['api.test', 'api.h1.test'])(
  '64 MiB down and 32 MiB up arrive whole from and at %s',
  async host => {
    await path.hub.apply({ policy: { rules: [inspect([host], { access: 'Full' })] } });
    const script = `
curl -sS --http2 -m 30 https://${host}/bytes/67108864 | sha256sum
seq 1 4500000 | head -c 33554432 | tee >(sha256sum >&2) | curl -sS --http2 -m 30 -T - https://${host}/up
`;
    const ran = await path.sidecar.runAgent(['bash', '-c', script], { timeoutMs: 60_000 });
    const chunk = Buffer.alloc(64 * 1024, 'creel ');
    const down = createHash('sha256');
    for (let at = 0; at < 1024; at++) down.update(chunk);
    expect(ran.stdout).toContain(down.digest('hex'));
    const [, up] = await path.outside.requests();
    expect(up).toMatchObject({ httpVersion: host === 'api.test' ? '2.0' : '1.1', bodyBytes: 33_554_432 });
    expect(ran.stderr).toContain(up?.bodySha256);
  },
  90_000,
);

test('trailers cross both ways, and a gRPC call ends with the status of its server', async () => {
  await path.hub.apply(fullAccess);
  const message = '\0\0\0\0\u0005hello';
  const client = openClient([
    ['POST', '/echo', { te: 'trailers' }, 'hello', { 'x-sum': 'abc' }],
    ['POST', '/pkg.Service/Call', { 'content-type': 'application/grpc', te: 'trailers' }, message],
  ]);
  const sha256 = createHash('sha256').update('hello').digest('hex');
  expect(await client.event('end', '/echo')).toMatchObject({
    body: 'hello',
    trailers: { 'x-echo-x-sum': 'abc', 'x-echo-sha256': sha256 },
    code: 0,
  });
  expect(await client.event('end', '/pkg.Service/Call')).toMatchObject({
    body: message,
    trailers: { 'grpc-status': '0', 'grpc-message': 'echoed' },
    code: 0,
  });
  const echo = (await path.outside.requests()).find(({ path: at }) => at === '/echo');
  expect(echo).toMatchObject({ httpVersion: '2.0', trailers: { 'x-sum': 'abc' } });
});

test('N39 a policy change cuts the stream it forbids at once, and no other of the connection', async () => {
  await path.hub.apply(fullAccess);
  const client = openClient([
    ['GET', '/hold/cut'],
    ['GET', '/hold/kept'],
  ]);
  await client.event('head', '/hold/cut');
  await client.event('head', '/hold/kept');
  const pushedMs = Date.now();
  const deny = [{ path: '/hold/cut' }];
  const ack = await path.hub.apply({ policy: { rules: [inspect(['api.test'], { access: 'Full', deny })] } });
  const cut = await client.event('end', '/hold/cut');
  process.stdout.write(`HTTP/2: a stream is cut ${cut.atMs - pushedMs} ms after the push (${ack.closed} closed)\n`);
  expect(cut.code).toBeGreaterThan(0);
  expect(cut.atMs - pushedMs).toBeLessThan(1000);
  client.ask(['GET', '/after']);
  expect(await client.event('head', '/after')).toMatchObject({ status: 200 });
  client.ask(['GET', '/hold/cut?again']);
  expect(await client.event('head', '/hold/cut?again')).toMatchObject({ status: 403 });
  expect(await upstreamConnections()).toHaveLength(1);
  await client.end();
});

test('N39 a revoked grant cuts the stream that it let through, and the next is refused', async () => {
  const rules = [inspect(['api.test'], { access: 'ReadOnly' })];
  const requests = [{ method: 'POST', path: '/hold/granted' }];
  await path.hub.apply({ policy: { rules }, grants: [{ id: 'apr-1', host: 'api.test', port: 443, requests }] });
  const client = openClient([
    ['POST', '/hold/granted', {}, 'x'],
    ['GET', '/hold/kept'],
  ]);
  expect(await client.event('head', '/hold/granted')).toMatchObject({ status: 200 });
  await client.event('head', '/hold/kept');
  const pushedMs = Date.now();
  await path.hub.apply({ grants: [] });
  const cut = await client.event('end', '/hold/granted');
  process.stdout.write(`HTTP/2: a stream is cut ${cut.atMs - pushedMs} ms after its grant was revoked\n`);
  expect(cut.code).toBeGreaterThan(0);
  expect(cut.atMs - pushedMs).toBeLessThan(1000);
  client.ask(['POST', '/hold/granted?again', {}, 'x']);
  expect(await client.event('head', '/hold/granted?again')).toMatchObject({ status: 403 });
  client.ask(['GET', '/after']);
  expect(await client.event('head', '/after')).toMatchObject({ status: 200 });
  await client.end();
});
