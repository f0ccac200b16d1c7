// The outside world sees what is sent to it, whatever the address: the positive control of every test that says "nothing left".
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createPod } from '../netns/create-pod.ts';
import type { Pod } from '../netns/pod.ts';
import type { PodUser } from '../netns/pod-user.ts';
import type { Capture } from './capture/capture.ts';
import { createOutside } from './client/create-outside.ts';
import type { Outside } from './client/outside.ts';

let outside: Outside;
let capture: Capture;
let pod: Pod;

beforeAll(async () => {
  outside = await createOutside({ name: `t-${process.pid}` });
  capture = await outside.startCapture();
  pod = await createPod(outside);
});
afterAll(async () => {
  await pod?.close();
  await capture?.stop();
  await outside?.close();
});
beforeEach(async () => {
  await outside.reset();
  capture.clear();
});

test('any IPv4 and IPv6 address answers TCP and shows who was called', async () => {
  for (const address of ['8.8.8.8', '203.0.113.7', '169.254.169.254', '10.77.0.1', '2001:4860:4860::8888']) {
    const url = address.includes(':') ? `http://[${address}]/` : `http://${address}/`;
    const seen = JSON.parse((await pod.run(['curl', '-sS', '-m', '5', url])).stdout) as { localAddress: string };
    expect(seen.localAddress).toBe(address);
  }
  expect(await outside.connections(record => record.service === 'http')).toHaveLength(5);
});

test('without a fence TCP, UDP, ICMP and UDP-Lite arrive, over IPv4 and IPv6, and the capture sees them', async () => {
  const python = `
import socket, sys
for family, address in ((socket.AF_INET, '198.51.100.5'), (socket.AF_INET6, '2001:db8::5')):
    for kind, protocol, port in ((socket.SOCK_STREAM, 6, 7), (socket.SOCK_DGRAM, 17, 4000), (socket.SOCK_DGRAM, 136, 4001)):
        s = socket.socket(family, kind, protocol)
        s.settimeout(2)
        s.connect((address, port))
        s.send(b'hello')
        if protocol != 136: assert s.recv(5) == b'hello', protocol
    ping = socket.socket(family, socket.SOCK_DGRAM, socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6)
    ping.settimeout(2)
    ping.sendto(bytes((8 if family == socket.AF_INET else 128, 0, 0, 0, 0, 0, 0, 1)), (address, 0))
    ping.recv(100)
`;
  expect(await pod.run(['python3', '-c', python])).toMatchObject({ exitCode: 0, stderr: '' });
  for (const destination of ['198.51.100.5', '2001:db8::5']) {
    const icmp = destination.includes(':') ? 'icmpv6' : 'icmp';
    for (const protocol of ['tcp', 'udp', 'udplite', icmp])
      await capture.expectSome(
        `${protocol} to ${destination}`,
        packet => pod.sent(packet) && packet.protocol === protocol && packet.destination === destination,
      );
  }
});

test('the capture of a silent pod is empty, and says what it saw when one is not', async () => {
  await capture.expectNone('anything from the pod', pod.sent);
  await pod.run(['bash', '-c', 'echo > /dev/udp/198.51.100.9/53']);
  await expect(capture.expectNone('anything from the pod', pod.sent)).rejects.toThrow(
    /1 packets passed .* in udp 10\.210\.\d+\.2:\d+ → 198\.51\.100\.9:53/s,
  );
});

test('every user of a pod has no capability, unless it prepares something', async () => {
  for (const [user, uid] of [
    ['agent', 1000],
    ['sidecar', 1337],
    ['root', 0],
  ] as const) {
    const text = await statusOf(user);
    expect(text).toContain(`Uid:\t${uid}\t${uid}\t${uid}\t${uid}`);
    expect(text).toMatch(/CapEff:\s0+\n/);
    expect(text).toMatch(/CapBnd:\s0+\n/);
    expect(text).toMatch(/NoNewPrivs:\s1/);
  }
});

test('names resolve through the zone, and each query is counted', async () => {
  await outside.setZone({
    'alias.test': { cname: 'real.test' },
    'real.test': { addresses: ['203.0.113.4', '2001:db8::4'] },
    'cut.test': { addresses: ['203.0.113.5'], truncateUdp: true },
    '*.wild.test': { addresses: ['203.0.113.6'] },
  });
  expect(await lookUp('alias.test')).toBe('203.0.113.4');
  expect(await lookUp('alias.test', 'ahostsv6')).toBe('2001:db8::4');
  expect(await lookUp('cut.test')).toBe('203.0.113.5');
  expect(await lookUp('a.b.wild.test')).toBe('203.0.113.6');
  expect(await lookUp('absent.test')).toBe('');
  const cut = await outside.dnsQueries(query => query.name === 'cut.test');
  expect(cut.map(query => query.transport)).toEqual(expect.arrayContaining(['udp', 'tcp']));
  expect(await outside.countDnsQueries('a.b.wild.test')).toBeGreaterThan(0);
  expect(await outside.countDnsQueries('never-asked.test')).toBe(0);
});

test('https is trusted by who trusts the test CA, and refused where it should be', async () => {
  const bundle = `${pod.folder}/outside-ca.pem`;
  writeFileSync(bundle, outside.caPem);
  const curl = (host: string, ...more: string[]) =>
    pod.run(['curl', '-sS', '-m', '5', '--cacert', bundle, ...more, `https://${host}/bytes/100000`, '-o', '/dev/null']);
  expect(await curl('fine.test')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await curl('fine.test', '--http1.1')).toMatchObject({ exitCode: 0, stderr: '' });
  for (const host of ['untrusted.test', 'wrong-name.test', 'expired.test'])
    expect((await curl(host)).exitCode).toBe(60);
  const requests = await outside.requests(request => request.host === 'fine.test');
  expect(requests.map(({ httpVersion, path }) => `${httpVersion} ${path}`)).toEqual([
    '2.0 /bytes/100000',
    '1.1 /bytes/100000',
  ]);
  const [connection] = await outside.connections(({ serverName }) => serverName === 'fine.test');
  expect(connection).toMatchObject({ service: 'https', localAddress: '93.184.215.14', localPort: 443 });
});

test('a test tells the web what to answer', async () => {
  await outside.answer({ host: 'told.test', path: '/hello', status: 418, headers: { 'x-told': 'yes' }, body: 'tea' });
  const { stdout } = await pod.run(['curl', '-sSi', '-m', '5', 'http://told.test/hello?query=1']);
  expect(stdout).toMatch(/^HTTP\/1\.1 418 /);
  expect(stdout).toMatch(/x-told: yes/i);
  expect(stdout.endsWith('tea')).toBe(true);
});

test('sink, echo and a server that speaks first see and send every byte', async () => {
  const megabytes = 3;
  const send = `head -c ${megabytes * 2 ** 20} /dev/zero > /dev/tcp/203.0.113.1/9`;
  expect((await pod.run(['bash', '-c', send])).exitCode).toBe(0);
  const record = await outside.waitForConnection(({ service, ended }) => service === 'sink' && ended !== undefined);
  const expected = createHash('sha256')
    .update(Buffer.alloc(megabytes * 2 ** 20))
    .digest('hex');
  expect(record).toMatchObject({ bytesIn: megabytes * 2 ** 20, sha256: expected, ended: 'fin', localPort: 9 });
  const banner = await pod.run(['bash', '-c', 'exec 3<>/dev/tcp/203.0.113.1/22; head -1 <&3']);
  expect(banner.stdout).toBe('SSH-2.0-CreelOutside\r\n');
  await outside.listen(5432, { kind: 'banner', text: 'welcome\n' });
  expect((await pod.run(['bash', '-c', 'head -1 < /dev/tcp/203.0.113.2/5432'])).stdout).toBe('welcome\n');
  await outside.unlisten(5432);
  expect((await pod.run(['bash', '-c', 'head -1 < /dev/tcp/203.0.113.2/5432'])).stderr).toContain('Connection refused');
});

async function statusOf(user: PodUser): Promise<string> {
  return (await pod.run(['grep', '-E', '^(Uid|CapEff|CapBnd|NoNewPrivs)', '/proc/self/status'], { user })).stdout;
}

async function lookUp(name: string, database: 'ahostsv4' | 'ahostsv6' = 'ahostsv4'): Promise<string> {
  return (await pod.run(['getent', database, name])).stdout.split(/\s/)[0] ?? '';
}
