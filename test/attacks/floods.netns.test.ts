// Catalogue R: an agent that takes all it can get of its sidecar hurts itself, and the sidecar stays.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../cluster/base/run-command.ts';
import { allow } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('fl');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

const holdConnections = `
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
held = []
for n in range(6300):
  s = socket.socket(); s.connect((sys.argv[1], int(sys.argv[2]))); held.append(s)
def is_closed(s):
  s.setblocking(False)
  try: return s.recv(1) == b''
  except BlockingIOError: return False
  except OSError: return True
closed, end = 0, time.time() + 20
while closed < 152 and time.time() < end:
  time.sleep(0.05)
  closed = sum(map(is_closed, held))
print('held', len(held) - closed, flush=True)
sys.stdin.readline()
`;

/** As the kubelet's liveness probe runs it, in the sidecar's container. */
const verify = () =>
  path.pod.run([path.sidecar.files.launcher, 'verify'], {
    user: 'admin',
    privileges: ['--bounding-set', '-all,+net_admin,+setuid,+setgid,+setpcap', '--inh-caps', '-all'],
  });

test('R03 an agent that holds every connection it can get: liveness still finds the sidecar alive', async () => {
  // Listed as plain TCP, so that each is held for as long as it likes.
  const block = '198.51.100.0/24';
  const rule = allow([], { cidrs: [{ cidr: block }], ports: [443], protocol: 'TCP', allowedCidrs: [block] });
  await path.hub.apply({ policy: { rules: [rule] } });
  const agent = path.pod.start(['python3', '-c', holdConnections, '198.51.100.77', '443'], {
    interactive: true,
    timeoutMs: 90_000,
  });
  await agent.waitForOutput(/held \d+/, 60_000);
  // Control: the cap has been reached, further ones were closed.
  const held = Number(/held (\d+)/.exec(agent.stdout)?.[1]);
  expect(held).toBeGreaterThan(6100);
  expect(held).toBeLessThan(6250);
  expect(await verify()).toMatchObject({ exitCode: 0, stderr: '' });
  agent.child.stdin.end('\n');
  await agent.result();
  // Six thousand ends at once may cost it one of the kubelet's questions, not three.
  await expect.poll(async () => (await verify()).exitCode, { timeout: 20_000 }).toBe(0);
  // And what they needed is given back, though nothing else asks for it.
  await expect.poll(residentKib, { timeout: 30_000 }).toBeLessThan(128 * 1024);
}, 150_000);

const connectAndHold = `
import socket, struct, sys, time
address, port, rounds, keep = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
abort = struct.pack('ii', 1, 0)
held = []
for n in range(rounds):
  s = socket.socket()
  try: s.connect((address, port))
  except OSError as error: print('connect', n, error, flush=True); s.close(); continue
  if len(held) < keep: held.append(s); continue
  if n % 3 == 0: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abort)
  elif n % 3 == 1: s.shutdown(socket.SHUT_WR)
  s.close()
print('held', len(held), flush=True)
sys.stdin.readline()
`;

const listTlsBlock = () => {
  const block = '198.51.100.0/24';
  const rule = allow([], { cidrs: [{ cidr: block }], ports: [443], protocol: 'TLS', allowedCidrs: [block] });
  return path.hub.apply({ policy: { rules: [rule, allow(['allowed.test'])] } });
};
const fetchAllowed = () => path.sidecar.runAgent(['curl', '-sS', '-m', '5', 'https://allowed.test/']);
const openDescriptors = () => readdirSync(`/proc/${path.sidecar.proxyPid}/fd`).length;

test('R03, R17 ten thousand connections, aborted, half-closed and closed, with a thousand held: it serves on and lets all go', async () => {
  // What it once needed for another test's connections is not this one's.
  await path.sidecar.restart();
  await listTlsBlock();
  await fetchAllowed();
  const before = openDescriptors();
  const residentBefore = residentKib();
  const pid = path.sidecar.proxyPid;
  const agent = path.pod.start(['python3', '-c', connectAndHold, '198.51.100.77', '443', '10000', '1000'], {
    interactive: true,
    timeoutMs: 60_000,
  });
  await agent.waitForOutput(/held \d+/, 45_000);
  expect(agent.stdout).toMatch(/held 1000$/m);
  expect(await fetchAllowed()).toMatchObject({ exitCode: 0, stderr: '' });
  process.stdout.write(`R03: ${residentKib()} KiB resident with 1000 held, ${residentBefore} KiB before\n`);
  expect(residentKib()).toBeLessThan(128 * 1024);
  agent.child.stdin.end('\n');
  await agent.result();
  await expect.poll(openDescriptors, { timeout: 20_000 }).toBeLessThan(before + 20);
  expect(path.sidecar.proxyPid).toBe(pid);
}, 120_000);

test('R04 without a descriptor left connections wait or are lost, the process lives, and accepting goes on', async () => {
  await listTlsBlock();
  const pid = String(path.sidecar.proxyPid);
  // Lowering it is the right of whoever has its uid.
  const asSidecar = ['setpriv', '--reuid', '1337', '--regid', '1337', '--clear-groups'];
  await runCommand([...asSidecar, 'prlimit', `--pid=${pid}`, '--nofile=200:200']);
  const agent = path.pod.start(['python3', '-c', connectAndHold, '198.51.100.77', '443', '600', '600'], {
    interactive: true,
    timeoutMs: 60_000,
  });
  await agent.waitForOutput(/held \d+/, 45_000);
  // Control: nothing more can be opened.
  expect(openDescriptors()).toBeGreaterThanOrEqual(190);
  agent.child.stdin.end('\n');
  await agent.result();
  await expect.poll(openDescriptors, { timeout: 20_000 }).toBeLessThan(150);
  await expect.poll(async () => (await fetchAllowed()).exitCode, { timeout: 20_000 }).toBe(0);
  expect(String(path.sidecar.proxyPid)).toBe(pid);
}, 120_000);

test('R06 a compressed body is nobody’s business: it passes as it came, never inflated', async () => {
  await path.hub.apply({ policy: { rules: [allow(['plain.test'], { ports: [80], protocol: 'HTTP' })] } });
  await path.outside.answer({ host: 'plain.test', headers: { 'content-encoding': 'gzip, br, zstd' }, body: 'no bomb' });
  const got = await path.sidecar.runAgent(['curl', '-sS', '-m', '5', '--raw', 'http://plain.test/']);
  expect(got.stdout).toBe('no bomb');
});

test('R07, R08 an upload and a download larger than every buffer stream through a memory that stays flat', async () => {
  await path.hub.apply({ policy: { rules: [allow(['plain.test'], { ports: [80], protocol: 'HTTP' })] } });
  const upload =
    'head -c 100000000 /dev/zero | curl -sS -m 30 -o /dev/null -w "%{http_code}" -T - http://plain.test/up';
  const send = async () => (await path.sidecar.runAgent(['bash', '-c', upload], { timeoutMs: 40_000 })).stdout;
  expect(await send()).toBe('200');
  const once = residentKib();
  expect(await send()).toBe('200');
  expect((await path.outside.requests()).map(({ bodyBytes }) => bodyBytes)).toEqual([100_000_000, 100_000_000]);
  const download = `import socket, time
s = socket.create_connection(('plain.test', 80))
s.send(b'GET /bytes/300000000 HTTP/1.1\\r\\nHost: plain.test\\r\\n\\r\\n')
s.recv(1000)
time.sleep(60)`;
  const stalled = path.pod.start(['python3', '-c', download], { timeoutMs: 90_000 });
  await path.outside.waitForRequest(({ path: at }) => at.startsWith('/bytes/'));
  // Time for 300 MB to arrive, were they taken.
  await sleep(2000);
  process.stdout.write(
    `R07: ${once} KiB resident after an upload, ${residentKib()} KiB after two and a stalled download\n`,
  );
  expect(residentKib() - once).toBeLessThan(48 * 1024);
  expect(residentKib()).toBeLessThan(128 * 1024);
  await stalled.stop('SIGKILL');
}, 90_000);

const askManyNames = `
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('8.8.8.8', 53)); s.setblocking(False)
def query(n, name):
  labels = b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + bytes(1)
  return struct.pack('>HHHHHH', n & 65535, 0x100, 1, 0, 0, 0) + labels + struct.pack('>HH', 1, 1)
answered = 0
for n in range(int(sys.argv[1])):
  try: s.send(query(n, f'n{n}.flood.example'))
  except OSError: pass
  try:
    while True: s.recv(512); answered += 1
  except OSError: pass
print('answered', answered)
`;

test('R14, D18 a hundred thousand names: a bounded number is answered, memory is bounded, and others are still found', async () => {
  const before = residentKib();
  const { stdout, ms } = await path.sidecar.runAgent(['python3', '-c', askManyNames, '100000'], { timeoutMs: 60_000 });
  const answered = Number(/answered (\d+)/.exec(stdout)?.[1]);
  expect(answered).toBeGreaterThan(100);
  expect(answered).toBeLessThan(2000 * (2 + ms / 1000));
  expect(residentKib() - before).toBeLessThan(32 * 1024);
  await expect
    .poll(async () => (await path.sidecar.runAgent(['getent', 'ahostsv4', 'later.example'])).stdout, {
      timeout: 10_000,
    })
    .toMatch(/^28\./);
  expect(await path.outside.dnsQueries()).toEqual([]);
}, 90_000);

const askWithoutReading = `
import socket, struct, sys, time
labels = b''.join(bytes([60]) + c * 60 for c in (b'a', b'b', b'c')) + b'\\x04evil\\x04test\\x00'
query = struct.pack('>HHHHHH', 7, 0x100, 1, 0, 0, 0) + labels + struct.pack('>HH', 1, 1)
message = struct.pack('>H', len(query)) + query
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.connect(('8.8.8.8', 53))
asked, end = 0, time.time() + 15
try:
  while time.time() < end:
    s.sendall(message * 15); asked += 15; time.sleep(0.01)
  print('never cut off', asked)
except OSError as error:
  print('cut off', asked)
`;

test('D18 a client that asks over TCP and never reads the answers is cut off before they fill the memory', async () => {
  const before = residentKib();
  const { stdout } = await path.sidecar.runAgent(['python3', '-c', askWithoutReading], { timeoutMs: 25_000 });
  expect(stdout).toMatch(/^cut off/);
  expect(residentKib() - before).toBeLessThan(32 * 1024);
  // Control: whoever reads is served, and goes on being served.
  const { stdout: found } = await path.sidecar.runAgent(['getent', 'ahostsv4', 'a.evil.test']);
  expect(found).toMatch(/^28\./);
});

function residentKib(): number {
  const status = readFileSync(`/proc/${path.sidecar.proxyPid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}
