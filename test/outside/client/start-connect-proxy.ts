// A corporate proxy in the outside world: takes CONNECT from whoever has the password, and tells what it was asked for.
import { type ChildProcess, spawn } from 'node:child_process';
import { waitUntil } from '../../cluster/base/wait-until.ts';
import { defaultAddress } from '../control-protocol.ts';
import type { Outside } from './outside.ts';

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
  u = socket.create_connection((sys.argv[3], int(port)))
  c.sendall(b'HTTP/1.1 200 Connection established\\r\\n\\r\\n')
  threading.Thread(target=pump, args=(u, c), daemon=True).start(); pump(c, u)
s = socket.create_server(('0.0.0.0', int(sys.argv[2]))); print('listening', flush=True)
while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
`;

export interface ConnectProxy {
  /** Request lines so far, oldest first; those without the password begin with 407. */
  readonly asked: () => readonly string[];
  readonly close: () => void;
}

/** Listens on every outside address; each name leads to the web servers there. */
export async function startConnectProxy(
  outside: Outside,
  { port, authorization }: { readonly port: number; readonly authorization: string },
): Promise<ConnectProxy> {
  const command = [`--net=${outside.netnsPath}`, 'python3', '-c', script, authorization, `${port}`, defaultAddress];
  const proxy: ChildProcess = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  proxy.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await waitUntil(() => (said.includes('listening') ? true : undefined), {
    what: 'the proxy to listen',
    timeoutMs: 10_000,
    intervalMs: 10,
  });
  return {
    asked: () => said.split('\n').filter(line => line.includes('CONNECT')),
    close: () => void proxy.kill('SIGKILL'),
  };
}
