// A corporate proxy between the sidecar and the world: a real one in the outside world, which logs what it is asked for.
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { allow, inspect, modelRoute } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

const authorization = `Basic ${Buffer.from('sandbox:pass-word').toString('base64')}`;
const script = `
import socket, sys, threading
def pump(a, b):
  try:
    while got := a.recv(65536): b.sendall(got)
  except OSError: pass
  finally:
    try: b.shutdown(socket.SHUT_WR)
    except OSError: pass
def serve(c):
  head = b''
  while b'\\r\\n\\r\\n' not in head:
    got = c.recv(1)
    if not got: return
    head += got
  line = head.split(b'\\r\\n')[0].decode()
  if ('Proxy-Authorization: ' + sys.argv[1]).encode() not in head:
    print('407', line, flush=True); c.sendall(b'HTTP/1.1 407 No\\r\\nContent-Length: 0\\r\\n\\r\\n'); c.close(); return
  print(line, flush=True)
  host, port = line.split()[1].rsplit(':', 1)
  u = socket.create_connection(('93.184.215.14', int(port)))
  c.sendall(b'HTTP/1.1 200 Connection established\\r\\n\\r\\n')
  threading.Thread(target=pump, args=(u, c), daemon=True).start(); pump(c, u)
s = socket.create_server(('0.0.0.0', 3128)); print('listening', flush=True)
while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
`;

let path: DataPath;
let proxy: ChildProcess;
let said = '';
beforeAll(async () => {
  path = await startDataPath('px');
  const namespace = `--net=${path.outside.netnsPath}`;
  proxy = spawn('nsenter', [namespace, 'python3', '-c', script, authorization], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  proxy.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await waitUntil(() => (said.includes('listening') ? true : undefined), {
    what: 'the proxy to listen',
    timeoutMs: 10_000,
    intervalMs: 10,
  });
});
afterAll(async () => {
  proxy?.kill();
  await path?.close();
});
beforeEach(async () => path.reset());

const curl = (...args: readonly string[]) => path.sidecar.runAgent(['curl', '-sS', '-m', '8', ...args]);
const status = async (...args: readonly string[]) =>
  (await curl('-o', '/dev/null', '-w', '%{http_code}', ...args)).stdout;
const asked = () => said.split('\n').filter(line => line.includes('CONNECT'));
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
