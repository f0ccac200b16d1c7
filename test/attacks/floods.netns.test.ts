// Catalogue R: an agent that takes all it can get of its sidecar hurts itself, and the sidecar stays.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
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
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
held = []
for n in range(2200):
  s = socket.socket(); s.connect((sys.argv[1], int(sys.argv[2]))); held.append(s)
def is_closed(s):
  s.setblocking(False)
  try: return s.recv(1) == b''
  except BlockingIOError: return False
  except OSError: return True
closed, end = 0, time.time() + 10
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

test('an agent that holds every connection it can get: liveness still finds the sidecar alive', async () => {
  // Listed, so that each is held while its first bytes are waited for.
  const block = '198.51.100.0/24';
  const rule = allow([], { cidrs: [{ cidr: block }], ports: [443], protocol: 'TLS', allowedCidrs: [block] });
  await path.hub.apply({ policy: { rules: [rule] } });
  const agent = path.pod.start(['python3', '-c', holdConnections, '198.51.100.77', '443'], {
    interactive: true,
    timeoutMs: 30_000,
  });
  await agent.waitForOutput(/held \d+/, 20_000);
  // Control: the cap has been reached, further ones were closed.
  const held = Number(/held (\d+)/.exec(agent.stdout)?.[1]);
  expect(held).toBeGreaterThan(2000);
  expect(held).toBeLessThan(2100);
  expect(await verify()).toMatchObject({ exitCode: 0, stderr: '' });
  agent.child.stdin.end('\n');
  await agent.result();
  expect(await verify()).toMatchObject({ exitCode: 0 });
});

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
