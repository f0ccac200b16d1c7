// A corporate proxy between the sidecar and the world: a real one in the outside world, which logs what it is asked for.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { allow, inspect, modelRoute } from '../netns/snapshot-parts.ts';
import { type ConnectProxy, startConnectProxy } from '../outside/client/start-connect-proxy.ts';
import { type DataPath, startDataPath } from './data-path.ts';

const authorization = `Basic ${Buffer.from('sandbox:pass-word').toString('base64')}`;
let path: DataPath;
let proxy: ConnectProxy;
beforeAll(async () => {
  path = await startDataPath('px');
  proxy = await startConnectProxy(path.outside, { port: 3128, authorization });
});
afterAll(async () => {
  proxy?.close();
  await path?.close();
});
beforeEach(async () => path.reset());

const curl = (...args: readonly string[]) => path.sidecar.runAgent(['curl', '-sS', '-m', '8', ...args]);
const status = async (...args: readonly string[]) =>
  (await curl('-o', '/dev/null', '-w', '%{http_code}', ...args)).stdout;
const asked = () => proxy.asked();
const upstreamProxy = (more: object = {}) => ({
  // Private: it is the operator's choice.
  host: '10.20.30.40',
  port: 3128,
  authorization,
  noProxy: [],
  ...more,
});

test('opaque TLS, inspected requests, plain HTTP and the model leave through it, and their names are not looked up here', async () => {
  const rules = [allow(['opaque.test']), inspect(['api.test'], { access: 'ReadOnly' }, { ports: [80, 443] })];
  await path.hub.apply({ policy: { rules }, route: modelRoute(), upstreamProxy: upstreamProxy() });
  expect(await status('https://opaque.test/')).toBe('200');
  expect(await status('https://api.test/')).toBe('200');
  expect(await status('-X', 'DELETE', 'https://api.test/')).toBe('403');
  expect(await status('http://api.test/')).toBe('200');
  expect(await status('https://inference.local/v1/models')).toBe('200');
  const hosts = ['opaque.test:443', 'api.test:443', 'api.test:80', 'model.test:443'];
  expect(asked()).toEqual(hosts.map(host => `CONNECT ${host} HTTP/1.1`));
  const fromHere = await path.outside.dnsQueries(({ from }) => from.startsWith(path.pod.addresses.address));
  expect(fromHere).toEqual([]);
});

test('what noProxy names is dialled directly, and resolved here', async () => {
  const before = asked().length;
  const noProxy = ['**.corp.test'];
  await path.hub.apply({
    policy: { rules: [allow(['git.corp.test'])] },
    upstreamProxy: upstreamProxy({ noProxy }),
  });
  expect(await status('https://git.corp.test/')).toBe('200');
  expect(asked().length).toBe(before);
});

test.each([
  ['a wrong password', { authorization: 'Basic d3Jvbmc6d3Jvbmc=' }],
  ['the loopback', { host: '127.0.0.1', port: 15001 }],
  ['the metadata address', { host: '169.254.169.254', port: 80 }],
])('with %s nothing leaves, and nothing goes around it', async (_what, more) => {
  await path.hub.apply({
    policy: { rules: [inspect(['api.test'], { access: 'ReadOnly' })] },
    upstreamProxy: upstreamProxy(more),
  });
  expect(await status('https://api.test/')).toBe('502');
  expect(await path.outside.requests()).toEqual([]);
  await path.hub.apply({ upstreamProxy: upstreamProxy() });
  expect(await status('https://api.test/')).toBe('200');
});
