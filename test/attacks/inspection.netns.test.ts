// Inspected hosts: TLS is ended in the sidecar, and each request is decided alone, through the real fence, guard and sidecar.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { inspect } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('in');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

const curl = (...args: readonly string[]) => path.sidecar.runAgent(['curl', '-sS', '-m', '8', '--http1.1', ...args]);
const status = async (...args: readonly string[]) =>
  (await curl('-o', '/dev/null', '-w', '%{http_code}', ...args)).stdout;
const rules = (...list: ReturnType<typeof inspect>[]) => path.hub.apply({ policy: { rules: list } });
const requests = async () => (await path.outside.requests()).map(({ method, path: at }) => `${method} ${at}`);
const auditOf = (method: string) =>
  waitUntil(() => path.sidecar.auditLines.findLast(line => line['method'] === method), {
    what: `an audit line about ${method}`,
    timeoutMs: 5000,
    intervalMs: 5,
  });
/** Raw bytes over the agent's own TLS; what comes back until the end. */
const talk = async (host: string, bytes: string, alpn = 'http/1.1') => {
  const script = `
import socket, ssl, sys
context = ssl.create_default_context(); context.set_alpn_protocols([sys.argv[3]])
s = context.wrap_socket(socket.create_connection((sys.argv[1], 443)), server_hostname=sys.argv[1])
s.sendall(sys.argv[2].encode('latin1').decode('unicode_escape').encode('latin1')); s.settimeout(6)
try:
  while True:
    got = s.recv(65536)
    if not got: break
    sys.stdout.write(got.decode('latin1'))
except OSError as error: sys.stdout.write('\\n' + type(error).__name__)
`;
  const escaped = bytes.replaceAll('\r', '\\r').replaceAll('\n', '\\n');
  return (await path.sidecar.runAgent(['python3', '-c', script, host, escaped, alpn])).stdout;
};
const get = (at: string, ...fields: string[]) =>
  [`GET ${at} HTTP/1.1`, 'Host: api.test', ...fields, '', ''].join('\r\n');

describe('each request is decided alone', () => {
  test('H16, H18 GET passes and DELETE is refused over the same connection, naming whom to ask', async () => {
    await rules(inspect(['api.test'], { access: 'ReadOnly' }));
    const got = await talk('api.test', get('/a') + get('/b').replace('GET', 'DELETE') + get('/c', 'Connection: close'));
    expect(got.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403', 'HTTP/1.1 200']);
    const denial = await path.hub.waitFor('denial', ({ host }) => host === 'api.test');
    expect(denial).toMatchObject({ reason: 'RequestNotAllowed', sample: 'DELETE api.test/b', port: 443 });
    const refusal = JSON.parse(/\{"error":"RequestNotAllowed".*\}/.exec(got)?.[0] ?? '{}');
    expect(refusal).toMatchObject({ host: 'api.test', port: 443, method: 'DELETE', path: '/b' });
    expect(refusal['approval']).toMatch(/^apr-/);
    expect(await requests()).toEqual(['GET /a', 'GET /c']);
    expect(await path.outside.connections()).toHaveLength(1);
    expect(await auditOf('DELETE')).toMatchObject({ decision: 'Ask', reason: 'RequestNotAllowed', path: '/b' });
    expect(await auditOf('GET')).toMatchObject({ decision: 'Allow', rule: 'test/policy/api.test', status: 200 });
  });

  test('paths and deny patterns, over TLS and over plain HTTP', async () => {
    const http = {
      allow: [{ methods: ['GET'], path: '/repos/*/issues' }, { path: '/open/**' }],
      deny: [{ path: '/open/secret/**' }],
    };
    await rules(inspect(['api.test'], http, { ports: [80, 443] }));
    for (const scheme of ['http', 'https']) {
      expect(await status(`${scheme}://api.test/repos/x/issues?q=1`)).toBe('200');
      expect(await status(`${scheme}://api.test/repos/x/y/issues`)).toBe('403');
      expect(await status(`${scheme}://api.test/open/a/b`)).toBe('200');
      expect(await status(`${scheme}://api.test/open/secret/b`)).toBe('403');
      expect(await status('--path-as-is', `${scheme}://api.test/open/../secret`)).toBe('400');
    }
    expect(await requests()).toHaveLength(4);
  });

  test('HTTP/2 where the agent offers it: each stream is decided alone, and upstream speaks it too', async () => {
    await rules(inspect(['api.test'], { access: 'ReadOnly' }));
    const h2 = ['--http2', '-o', '/dev/null', '-w', '%{http_version} %{http_code}'];
    expect((await curl(...h2, 'https://api.test/')).stdout).toBe('2 200');
    expect((await curl(...h2, '-X', 'DELETE', 'https://api.test/')).stdout).toBe('2 403');
    expect(await path.outside.requests()).toMatchObject([{ httpVersion: '2.0', method: 'GET' }]);
  });

  test('Audit lets through what Enforce refuses, records it and never calls it blocked', async () => {
    await rules(inspect(['api.test'], { access: 'ReadOnly' }, { mode: 'Audit' }));
    expect(await status('https://api.test/')).toBe('200');
    expect(await auditOf('GET')).toMatchObject({ decision: 'Allow', reason: 'Audit' });
  });

  test('T21, H13 CONNECT and a Host of another name are refused inside the tunnel too, and so is h2 by prior knowledge (H21)', async () => {
    await rules(inspect(['api.test'], { access: 'Full' }));
    expect(await talk('api.test', get('/').replace('api.test', 'other.test'))).toMatch(/^HTTP\/1\.1 421 /);
    expect(await talk('api.test', 'CONNECT other.test:443 HTTP/1.1\r\nHost: api.test\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    expect(await talk('api.test', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await talk('api.test', get('/').replace('GET /', 'GET http://other.test/'))).toMatch(/^HTTP\/1\.1 4/);
    expect(await requests()).toEqual([]);
    expect(await path.outside.connections()).toEqual([]);
    expect(await talk('api.test', get('/', 'Connection: close'))).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('upstream', () => {
  test.each(['expired', 'untrusted', 'wrong-name', 'self-signed', 'cn-only'])(
    'T11 with a certificate that is %s is a 502, and gets no byte of the request',
    async problem => {
      const host = `${problem}.bad.test`;
      await rules(inspect([host, 'api.test'], { access: 'Full' }));
      expect(await status(`https://${host}/secret`)).toBe('502');
      expect(await requests()).toEqual([]);
      expect(
        await path.outside.connections(({ serverName }) => serverName === host || serverName === undefined),
      ).not.toEqual([]);
      expect(await status('https://api.test/')).toBe('200');
    },
  );

  test.each([
    ['TLSv1.3', '--http1.1', 'ClientCertificateWanted'],
    ['TLSv1.3', '--http2', 'ClientCertificateWanted'],
    ['TLSv1.2', '--http1.1', 'it may want a client certificate'],
    ['TLSv1.2', '--http2', 'it may want a client certificate'],
  ] as const)(
    'T16 that asks for a client certificate gets none, over %s (%s): a 502 says so',
    async (asks, http, said) => {
      await rules(inspect(['api.test'], { access: 'Full' }));
      await path.outside.listen(443, { kind: 'https', asksForCertificate: asks });
      const got = await curl('-i', http, 'https://api.test/secret');
      await path.outside.listen(443, { kind: 'https' });
      expect(got.stdout).toMatch(/^HTTP\/\S+ 502/);
      expect(got.stdout).toContain(said);
      expect(await requests()).toEqual([]);
      expect(await path.outside.connections()).toMatchObject([
        { tlsError: expect.stringContaining('did not return a certificate') },
      ]);
    },
  );

  test('is dialled only for a permitted request, by the name the agent asked for', async () => {
    await rules(inspect(['api.test'], { access: 'ReadOnly' }));
    expect(await status('-X', 'DELETE', 'https://api.test/')).toBe('403');
    expect(await path.outside.connections()).toEqual([]);
    expect(await path.outside.countDnsQueries('api.test')).toBe(0);
    expect(await status('https://api.test/')).toBe('200');
    expect(await path.outside.connections()).toMatchObject([{ serverName: 'api.test' }]);
  });
});

describe('policy that changes', () => {
  test('cuts a download in flight within 100 ms', async () => {
    await rules(inspect(['api.test'], { access: 'ReadOnly' }));
    const started = path.pod.start(
      [
        'python3',
        '-c',
        `
import ssl, sys, time, urllib.request
answer = urllib.request.urlopen('https://api.test/bytes/2000000000')
left = 2000000000 - len(answer.read(65536)); print('open', flush=True)
try:
  while got := answer.read(65536): left -= len(got)
except OSError: pass
print('cut' if left > 0 else 'end', time.time() * 1000, flush=True)
`,
      ],
      { env: path.sidecar.agentEnv, timeoutMs: 30_000 },
    );
    await started.waitForOutput('open');
    const pushedMs = Date.now();
    await rules(inspect(['api.test'], { allow: [{ path: '/other' }] }));
    const [, word, at] = /(cut|end) ([\d.]+)/.exec((await started.result()).stdout) ?? [];
    expect(word).toBe('cut');
    expect(Number(at) - pushedMs).toBeLessThan(100);
  });

  test('is felt by the next request of a kept-alive connection, and ends an idle one', async () => {
    await rules(inspect(['api.test'], { access: 'Full' }));
    const script = `
import http.client, sys
c = http.client.HTTPSConnection('api.test'); c.request('GET', '/1'); print(c.getresponse().read() and 'first', flush=True)
sys.stdin.readline(); c.request('DELETE', '/2'); a = c.getresponse(); a.read(); print('second', a.status, flush=True)
sys.stdin.readline()
c.sock.settimeout(5)
try: print('ended', c.sock.recv(1), flush=True)
except TimeoutError: print('still open', flush=True)
except OSError: print('ended', flush=True)
`;
    const started = path.pod.start(['python3', '-c', script], {
      env: path.sidecar.agentEnv,
      interactive: true,
      timeoutMs: 20_000,
    });
    await started.waitForOutput('first');
    await rules(inspect(['api.test'], { access: 'ReadOnly' }));
    started.child.stdin.write('\n');
    await started.waitForOutput('second 403');
    const ack = await rules(inspect(['other.test'], { access: 'Full' }));
    expect(ack.closed).toBe(1);
    started.child.stdin.write('\n');
    expect((await started.result()).stdout).toContain('ended');
  });

  test('B10 whose request it is decides: the same request of another program is refused', async () => {
    const python = (await path.sidecar.runAgent(['readlink', '-f', '/usr/bin/python3'])).stdout.trim();
    await rules(
      inspect(['api.test'], { access: 'ReadOnly' }),
      inspect(['api.test'], { access: 'Full' }, { binaries: [python] }),
    );
    expect(await talk('api.test', get('/', 'Connection: close').replace('GET', 'DELETE'))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await status('-X', 'DELETE', 'https://api.test/')).toBe('403');
    expect(await status('https://api.test/')).toBe('200');
  });
});

describe('nothing goes around inspection', () => {
  beforeEach(async () => rules(inspect(['api.test', 'other.test'], { access: 'ReadOnly' })));
  afterEach(async () => {
    // The host itself works: what was refused before was refused for what it was.
    expect(await status('https://api.test/')).toBe('200');
  });

  test.each([
    ['T08 an SSH banner', 'SSH-2.0-OpenSSH_9\\r\\n'],
    ['T08 raw bytes', '\\x00\\x01\\x02\\x03'],
    ['T08 plain HTTP', 'GET / HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n'],
  ])('%s on the TLS port', async (_what, bytes) => {
    const send = `exec 3<>/dev/tcp/api.test/443; printf '${bytes}' >&3; timeout 2 head -c 20 <&3`;
    expect((await path.sidecar.runAgent(['bash', '-c', send])).stdout).toBe('');
    expect(await path.outside.connections()).toEqual([]);
  });

  test.each(['acme-tls/1', 'h2'])('T20 ALPN %s, and then HTTP/1.1', async alpn => {
    expect(await talk('api.test', get('/secret'), alpn)).not.toMatch(/^HTTP\/1/);
    expect(await requests()).toEqual([]);
  });

  test('T23 a client that pins its server fails visibly', async () => {
    const pinned = await curl('--cacert', '/dev/null', 'https://api.test/');
    expect(pinned.exitCode).not.toBe(0);
    expect(await path.outside.connections()).toEqual([]);
  });

  test('T17 a session of one host is not resumed under another name', async () => {
    const script = `
import socket, ssl
context = ssl.create_default_context(); context.maximum_version = ssl.TLSVersion.TLSv1_2
def go(host, session=None):
  s = context.wrap_socket(socket.create_connection((host, 443)), server_hostname=host, session=session)
  print(host, s.session_reused, flush=True); return s.session
session = go('api.test'); go('api.test', session); go('other.test', session)
`;
    const { stdout } = await path.sidecar.runAgent(['python3', '-c', script]);
    expect(stdout).toBe('api.test False\napi.test True\nother.test False\n');
  });

  test('H12 an absolute target of another host than the Host field', async () => {
    const absolute = get('/').replace('GET /', 'GET https://other.test/');
    expect(await talk('api.test', absolute)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await requests()).toEqual([]);
  });

  test('H34 a header that would make another method of it is not sent on', async () => {
    expect(
      await status('-H', 'X-HTTP-Method-Override: DELETE', '-H', 'X-Method-Override: PUT', 'https://api.test/'),
    ).toBe('200');
    const [request] = await path.outside.requests();
    expect(Object.keys(request?.headers ?? {}).filter(name => name.includes('override'))).toEqual([]);
  });

  test("H37 a redirect is the agent's to follow, and decided anew", async () => {
    const location = 'http://169.254.169.254/latest';
    await path.outside.answer({ path: '/go', status: 302, headers: { location, 'alt-svc': 'h3=":443"' } });
    const got = await curl('-i', 'https://api.test/go');
    expect(got.stdout).toContain(location);
    expect(got.stdout.toLowerCase()).not.toContain('alt-svc');
    expect((await curl('-L', 'https://api.test/go')).stdout).toContain('"error":"NeverReachable"');
    expect(await path.outside.connections(({ localAddress }) => localAddress.startsWith('169.254.'))).toEqual([]);
  });
});

test('a client that does not take the leaf leaves a line that says so', async () => {
  await rules(inspect(['api.test'], { access: 'ReadOnly' }));
  const result = await curl('--cacert', '/dev/null', '--capath', '/dev/null', 'https://api.test/');
  expect(result.stdout).toBe('');
  const line = await waitUntil(() => path.sidecar.auditLines.findLast(({ reason }) => reason === 'NoTlsHandshake'), {
    what: 'an audit line about the handshake',
    timeoutMs: 5000,
    intervalMs: 5,
  });
  expect(line).toMatchObject({ decision: 'Deny', host: 'api.test', port: 443, protocol: 'HTTP' });
});
