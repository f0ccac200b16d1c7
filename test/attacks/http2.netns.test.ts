// HTTP/2 between the agent and the sidecar, through the real fence, guard and sidecar: each stream is decided alone.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { inspect } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('h2');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

const curl = (...args: readonly string[]) =>
  path.sidecar.runAgent([
    'curl',
    '-sS',
    '-m',
    '8',
    '--http2',
    '-w',
    ' %{http_version} %{http_code} %{num_connects}\n',
    ...args,
  ]);
const requests = async () => (await path.outside.requests()).map(({ method, path: at }) => `${method} ${at}`);

test('H23 curl speaks HTTP/2; GET passes and DELETE is refused on the same connection', async () => {
  await path.hub.apply({ policy: { rules: [inspect(['api.test'], { access: 'ReadOnly' })] } });
  const quiet = ['-o', '/dev/null'];
  const got = await curl(
    ...quiet,
    'https://api.test/a',
    '--next',
    '-sS',
    '--http2',
    '-w',
    ' %{http_version} %{http_code} %{num_connects}\n',
    '-X',
    'DELETE',
    'https://api.test/b',
  );
  const lines = got.stdout.match(/2 \d{3} \d/g);
  expect(lines).toEqual(['2 200 1', '2 403 0']);
  expect(got.stdout).toContain('"error":"RequestNotAllowed"');
  expect(await requests()).toEqual(['GET /a']);
});

test('H23 the stream of another host on the same connection is 421, and nothing reaches upstream', async () => {
  await path.hub.apply({ policy: { rules: [inspect(['api.test'], { access: 'Full' })] } });
  const got = await curl('-H', 'Host: other.test', 'https://api.test/x');
  expect(got.stdout).toContain(' 2 421 ');
  expect(await requests()).toEqual([]);
  expect((await curl('https://api.test/x')).stdout).toContain(' 2 200 ');
});

test('T20 a client whose only protocol is unknown gets no handshake, one that offers none is decided as HTTP/1.1, and after h2 only h2 is read', async () => {
  await path.hub.apply({ policy: { rules: [inspect(['api.test'], { access: 'ReadOnly' })] } });
  const speak = async (method: string, ...alpn: readonly string[]) => {
    const script = `
import socket, ssl, sys
context = ssl.create_default_context()
if len(sys.argv) > 2: context.set_alpn_protocols(sys.argv[2:])
s = context.wrap_socket(socket.create_connection(('api.test', 443)), server_hostname='api.test'); s.settimeout(6)
s.sendall((sys.argv[1] + ' /x HTTP/1.1\\r\\nHost: api.test\\r\\nConnection: close\\r\\n\\r\\n').encode())
got = b''
try:
  while True:
    more = s.recv(65536)
    if not more: break
    got += more
except OSError as error: pass
print(s.selected_alpn_protocol(), got[:12].decode('latin1') if got.startswith(b'HTTP/') else 'no answer')
`;
    const ran = await path.sidecar.runAgent(['python3', '-c', script, method, ...alpn]);
    return ran.stdout.trim() || ran.stderr;
  };
  expect(await speak('DELETE', 'acme-tls/1')).toContain('alert no application protocol');
  expect(await speak('DELETE')).toBe('None HTTP/1.1 403');
  expect(await speak('DELETE', 'http/1.1')).toBe('http/1.1 HTTP/1.1 403');
  expect(await speak('GET', 'h2')).toBe('h2 no answer');
  expect(await requests()).toEqual([]);
  expect(await speak('GET', 'acme-tls/1', 'http/1.1')).toBe('http/1.1 HTTP/1.1 200');
  expect(await requests()).toEqual(['GET /x']);
});
