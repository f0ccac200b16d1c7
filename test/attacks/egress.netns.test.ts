// One connection at a time through the real fence, guard and sidecar: what policy lists passes, and nothing else.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { allow } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('eg');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

const curl = (...args: readonly string[]) => path.sidecar.runAgent(['curl', '-sS', '-m', '8', ...args]);
const rules = (...list: ReturnType<typeof allow>[]) => path.hub.apply({ policy: { rules: list } });
const arrived = async () =>
  (await path.outside.connections()).map(({ localPort, serverName }) => serverName ?? localPort);
/** The line is written when the connection has ended, which the program in the pod need not wait for. */
const auditOf = async (host: string) =>
  waitUntil(
    () => {
      const lines = path.sidecar.auditLines.filter(line => line['host'] === host);
      return lines.length > 0 ? lines : undefined;
    },
    { what: `an audit line about ${host}`, timeoutMs: 5000, intervalMs: 5 },
  );

describe('what is listed passes', () => {
  test('opaque TLS, with one audit line that names rule, address and bytes', async () => {
    await rules(allow(['allowed.test']));
    const got = await curl('https://allowed.test/hello');
    expect(got).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(got.stdout)).toMatchObject({ host: 'allowed.test', path: '/hello' });
    const lines = await auditOf('allowed.test');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      decision: 'Allow',
      reason: 'Rule',
      rule: 'test/policy/allowed.test',
      port: 443,
      protocol: 'TLS',
      address: '93.184.215.14',
      bytesUp: expect.any(Number),
      bytesDown: expect.any(Number),
    });
  });

  test('plain HTTP by Host, several requests over one connection', async () => {
    await rules(allow(['plain.test'], { ports: [80], protocol: 'HTTP' }));
    const got = await curl('http://plain.test/a', 'http://plain.test/b', '-d', 'body');
    expect(got).toMatchObject({ exitCode: 0, stderr: '' });
    const requests = await path.outside.requests();
    expect(requests.map(({ method, path: at }) => `${method} ${at}`)).toEqual(['POST /a', 'POST /b']);
    expect(await path.outside.countDnsQueries('plain.test')).toBe(2);
  });

  test('TCP whose server speaks first', async () => {
    await path.outside.listen(2222, { kind: 'banner', text: 'SSH-2.0-test\r\n' });
    await rules(allow(['ssh.test'], { ports: [2222], protocol: 'TCP' }));
    const { stdout } = await path.sidecar.runAgent([
      'bash',
      '-c',
      'exec 3<>/dev/tcp/ssh.test/2222; head -1 <&3; echo hello >&3; head -1 <&3',
    ]);
    expect(stdout).toBe('SSH-2.0-test\r\nhello\n');
  });

  test('T22 TLS begun inside plain TCP is opaque, whatever it names: it stays at the address of the listed name', async () => {
    await path.outside.listen(2525, { kind: 'https' });
    await rules(allow(['mail.test'], { ports: [2525], protocol: 'TCP' }));
    const late = `import socket, ssl
s = socket.create_connection(('mail.test', 2525))
s = ssl._create_unverified_context().wrap_socket(s, server_hostname='other.test')
s.send(b'GET / HTTP/1.0\\r\\nHost: other.test\\r\\n\\r\\n'); print(s.recv(100)[:8])`;
    const { stdout } = await path.sidecar.runAgent(['python3', '-c', late]);
    expect(stdout).toBe("b'HTTP/1.1'\n");
    expect(await path.outside.connections()).toMatchObject([
      { localAddress: '93.184.215.14', serverName: 'other.test' },
    ]);
    expect((await path.outside.dnsQueries()).map(({ name }) => name)).not.toContain('other.test');
  });

  test('an address that a rule lists, without any name', async () => {
    await rules(
      allow([], {
        cidrs: [{ cidr: '198.51.100.0/24' }],
        ports: [7],
        protocol: 'TCP',
        allowedCidrs: ['198.51.100.0/24'],
      }),
    );
    const echo = (address: string) =>
      path.sidecar.runAgent(['bash', '-c', `exec 3<>/dev/tcp/${address}/7; echo hi >&3; timeout 3 head -1 <&3`]);
    expect((await echo('198.51.100.7')).stdout).toBe('hi\n');
    expect((await echo('198.51.101.7')).stdout).toBe('');
    expect((await path.outside.connections()).map(({ localAddress }) => localAddress)).toEqual(['198.51.100.7']);
  });

  test('three megabytes that are still queued when the agent has closed', async () => {
    await rules(allow(['sink.test'], { ports: [9], protocol: 'TCP' }));
    await path.sidecar.runAgent(['bash', '-c', 'head -c 3145728 /dev/zero > /dev/tcp/sink.test/9']);
    const record = await path.outside.waitForConnection(({ ended }) => ended !== undefined);
    expect(record).toMatchObject({ service: 'sink', bytesIn: 3 * 1024 * 1024, ended: 'fin' });
  });

  test('three megabytes on their way to an agent that reads slowly', async () => {
    await rules(allow(['allowed.test']));
    const { stdout } = await path.sidecar.runAgent(
      ['bash', '-c', 'curl -sS -m 20 https://allowed.test/bytes/3145728 | (sleep 0.5; wc -c)'],
      { timeoutMs: 25_000 },
    );
    expect(stdout.trim()).toBe('3145728');
  });
});

describe('what is not listed is refused, and nothing of it is seen outside', () => {
  test('an unlisted TLS name gets a 403 over TLS that names the request; 50 equal denials are one key', async () => {
    const first = await curl('https://unlisted.test/some/path?query=1', '-w', '%{http_code}', '-X', 'PUT');
    expect(first.stdout).toMatch(/403$/);
    expect(JSON.parse(first.stdout.slice(0, -3))).toEqual({
      error: 'NotListed',
      detail: expect.any(String),
      host: 'unlisted.test',
      port: 443,
      binary: '/usr/bin/curl',
      method: 'PUT',
      path: '/some/path',
      approval: 'apr-unlisted.test-443',
      next: expect.stringContaining('apr-unlisted.test-443'),
    });
    const urls = Array.from({ length: 49 }, () => 'https://unlisted.test/');
    await curl(...urls, '-o', '/dev/null');
    await path.hub.waitFor('denial', () => {
      const hits = path.hub.framesOf('denial').reduce((sum, { hits: count }) => sum + count, 0);
      return hits === 50;
    });
    const denials = path.hub.framesOf('denial');
    expect(new Set(denials.map(({ id }) => id)).size).toBe(1);
    expect(denials[0]).toMatchObject({
      host: 'unlisted.test',
      port: 443,
      reason: 'NotListed',
      binary: { path: '/usr/bin/curl', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(await arrived()).toEqual([]);
    expect(await path.outside.dnsQueries()).toEqual([]);
  });

  test('an unlisted plain HTTP host gets the 403 likewise', async () => {
    const got = await curl('http://unlisted.test/x', '-i');
    expect(got.stdout).toMatch(/^HTTP\/1\.1 403 /);
    expect(got.stdout).toMatch(/x-creel-decision: NotListed; approval=apr-unlisted\.test-80/i);
    expect(await arrived()).toEqual([]);
  });

  test.each([
    ['http://169.254.169.254/latest/meta-data/', 'NeverReachable'],
    ['http://127.0.0.2:8080/', undefined],
    ['http://printer/', undefined],
    ['http://svc.internal/', undefined],
  ])('N19, N31 %s is refused and nobody is asked', async (url, error) => {
    const got = await curl(url);
    if (error !== undefined) expect(JSON.parse(got.stdout)).toMatchObject({ error });
    else expect(got.exitCode).not.toBe(0);
    expect(path.hub.framesOf('denial')).toEqual([]);
    expect(await arrived()).toEqual([]);
    expect(await path.outside.dnsQueries()).toEqual([]);
  });

  test('P14, H13, T08, N38 another port, another protocol, another server name or Host than the listed ones', async () => {
    await rules(allow(['allowed.test']), allow(['plain.test'], { ports: [80], protocol: 'HTTP' }));
    const denied = [
      await curl('https://allowed.test:8443/'),
      await curl('http://allowed.test:443/'),
      await curl('https://other.test/', '--connect-to', 'other.test:443:allowed.test:443'),
      await curl('https://plain.test:80/'),
    ];
    expect(denied.map(({ exitCode }) => exitCode === 0)).toEqual([true, false, false, false]);
    expect(JSON.parse(denied[0]?.stdout ?? '')).toMatchObject({ error: 'NotListed', port: 8443 });
    expect((await curl('http://plain.test/', '-H', 'Host: other.test', '-w', '%{http_code}')).stdout).toMatch(/421$/);
    expect(await arrived()).toEqual([]);
  });

  test('why is said in the log, once the flood before has left room for a line', async () => {
    await rules(allow(['allowed.test']), allow(['plain.test'], { ports: [80], protocol: 'HTTP' }));
    const each = ['NotTls', 'ServerNameMismatch', 'NotHttp', 'HostMismatch'];
    await expect.poll(mismatchReasons, { timeout: 10_000 }).toEqual(expect.arrayContaining(each));
  });

  test('N21, D07, D08 a listed name that leads to private and local addresses', async () => {
    await path.outside.setZone({
      'rebind.test': { addresses: ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '64:ff9b::a9fe:a9fe'] },
      'mixed.test': { addresses: ['10.0.0.1', '93.184.215.14'] },
    });
    await rules(allow(['rebind.test', 'mixed.test']));
    expect((await curl('https://rebind.test/')).exitCode).not.toBe(0);
    expect(await arrived()).toEqual([]);
    expect((await curl('https://mixed.test/')).exitCode).toBe(0);
    expect((await path.outside.connections()).map(({ localAddress }) => localAddress)).toEqual(['93.184.215.14']);
  });

  test('D16 a synthetic address that was never given out', async () => {
    expect((await curl('-k', 'https://28.65.1.2/')).exitCode).not.toBe(0);
    expect(path.sidecar.auditLines.at(-1)).toMatchObject({ reason: 'UnknownSyntheticAddress', host: '28.65.1.2' });
    expect(path.hub.framesOf('denial')).toEqual([]);
  });

  test('B02 the right host by another binary than the listed ones', async () => {
    const python = `import urllib.request; print(urllib.request.urlopen('http://tool.test/').status)`;
    const byPython = () => path.sidecar.runAgent(['python3', '-c', python]);
    await rules(allow(['tool.test'], { ports: [80], protocol: 'HTTP' }));
    expect((await byPython()).stdout).toBe('200\n');
    await path.outside.reset();
    await rules(allow(['tool.test'], { ports: [80], protocol: 'HTTP', binaries: ['/usr/bin/curl'] }));
    expect((await curl('http://tool.test/')).exitCode).toBe(0);
    expect((await byPython()).stderr).toMatch(/403/);
    expect(await path.outside.requests()).toHaveLength(1);
  });
});

/** One connection to `shared.test`; `code` is indented once and sends. */
const attempt = (code: string, port: number) => `
import socket, ssl, time
request = b'GET / HTTP/1.1\\r\\nHost: fronted.test\\r\\nConnection: close\\r\\n\\r\\n'
s = socket.create_connection(('shared.test', ${port})); s.settimeout(4)
try:
  ${code}
  print(s.recv(1000))
except OSError as error: print(type(error).__name__)
`;

describe('an approved host on a port of the web is that name alone, not whoever shares its address', () => {
  const grants = [443, 80, 2222].map(port => ({ id: `apr-shared-${port}`, host: 'shared.test', port }));
  const ways: Readonly<Record<string, { readonly port: number; readonly code: string }>> = {
    'TLS for another name after a silence': {
      port: 443,
      code: "time.sleep(1); s = ssl._create_unverified_context().wrap_socket(s, server_hostname='fronted.test'); s.send(request)",
    },
    'a blank line before HTTP for another name': { port: 80, code: "s.send(b'\\r\\n' + request)" },
    'HTTP for another name after a silence': { port: 80, code: 'time.sleep(1); s.send(request)' },
    'plain bytes where TLS is spoken': { port: 443, code: "s.send(b'\\x00hello')" },
  };
  test.each(Object.entries(ways))('%s', async (_name, { port, code }) => {
    await rules(allow(['shared.test'], { ports: [port], protocol: 'TCP' }));
    await path.sidecar.runAgent(['python3', '-c', attempt(code, port)]);
    // Control: where plain TCP is allowed the same step arrives.
    expect(await path.outside.connections()).toHaveLength(1);
    await path.reset();
    await path.hub.apply({ grants });
    await path.sidecar.runAgent(['python3', '-c', attempt(code, port)]);
    expect(await path.outside.requests()).toEqual([]);
    expect(await arrived()).toEqual([]);
  });

  test('what the name itself is asked passes, and so does a server that speaks first on another port', async () => {
    await path.outside.listen(2222, { kind: 'banner', text: 'SSH-2.0-test\r\n' });
    await path.hub.apply({ grants });
    expect((await curl('https://shared.test/', 'http://shared.test/')).exitCode).toBe(0);
    const ssh = 'exec 3<>/dev/tcp/shared.test/2222; head -1 <&3';
    expect((await path.sidecar.runAgent(['bash', '-c', ssh])).stdout).toBe('SSH-2.0-test\r\n');
  });
});

/** One connection of each kind that is not what its rule says, and every reason in the log so far. */
async function mismatchReasons(): Promise<unknown[]> {
  await curl('http://allowed.test:443/');
  await curl('https://other.test/', '--connect-to', 'other.test:443:allowed.test:443');
  await curl('https://plain.test:80/');
  await curl('http://plain.test/', '-H', 'Host: other.test');
  return path.sidecar.auditLines.map(({ reason }) => reason);
}
