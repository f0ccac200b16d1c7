// Catalogue X01-X03, I01, I15, T13: the pod's processes see each other; the agent gets nothing out of the sidecar's, and cannot end them.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modelRoute } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

const key = 'sk-test-key-of-the-route';
let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('op');
  await path.hub.apply({ route: modelRoute() });
  // The key is in the sidecar's memory now.
  const got = await path.sidecar.runAgent(['curl', '-sS', 'https://inference.local/v1/models']);
  expect(got.stdout).toContain('creel-test-model');
});
afterAll(async () => path?.close());

/** For each process of a uid: what of it could be read, and which signals were taken. */
const pry = `
import os, signal, sys
for pid in [int(p) for p in os.listdir('/proc') if p.isdigit()]:
  if pid == os.getpid() or os.stat(f'/proc/{pid}').st_uid != int(sys.argv[1]): continue
  got = []
  for name in ('environ', 'mem', 'maps', 'auxv', 'io', 'stack', 'syscall', 'pagemap'):
    try:
      with open(f'/proc/{pid}/{name}', 'rb') as file: name in ('mem', 'pagemap') or file.read(1)
      got.append(name)
    except OSError: pass
  for name in ('fd', 'root', 'map_files'):
    try: os.listdir(f'/proc/{pid}/{name}'); got.append(name)
    except OSError: pass
  for number in (signal.SIGUSR1, signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
    if int(sys.argv[2]):
      try: os.kill(pid, number); got.append(f'signal {number:d}')
      except PermissionError: pass
  print(open(f'/proc/{pid}/cmdline').read().split('\\0')[0].split('/')[-1], *got)
`;
const tryProcesses = async (uid: number, signals: boolean) =>
  (await path.sidecar.runAgent(['python3', '-c', pry, String(uid), signals ? '1' : '0'])).stdout.trim().split('\n');

test('positive control: of its own processes the agent reads environment, memory and descriptors', async () => {
  const own = path.pod.start(['sleep', '20'], { timeoutMs: 30_000 });
  await expect
    .poll(() => tryProcesses(1000, false))
    .toContainEqual(expect.stringMatching(/^sleep environ mem .* fd root/));
  await own.stop('SIGKILL');
});

test.each([
  ['guard', 0, 'launcher'],
  ['proxy', 1337, 'node'],
])('of the %s it reads nothing, and every signal is refused', async (_name, uid, program) => {
  const before = path.sidecar.proxyPid;
  const found = await tryProcesses(uid, true);
  expect(found.filter(line => line.startsWith(program))).toEqual([program]);
  expect(path.sidecar.proxyPid).toBe(before);
  expect(await path.sidecar.runAgent(['curl', '-sS', 'https://inference.local/v1/models'])).toMatchObject({
    exitCode: 0,
  });
});

test('T13 no file and no argument of the pod shows it the key of the model, of the CA or the hub’s token', async () => {
  const { folder } = path.pod;
  const look = ['grep', '-rlIE', '-D', 'skip', `${key}|PRIVATE KEY|${path.hub.token}`, folder];
  const asAgent = await path.sidecar.runAgent(look);
  expect(asAgent.stdout).toBe('');
  // Control: root finds the CA's key and the token with the same words, and the model's key on no disk either.
  const asRoot = await path.pod.run(look, { user: 'admin' });
  expect(asRoot.stdout.trim().split('\n').sort()).toEqual([
    expect.stringMatching(/private\/guard\/ca\.key$/),
    expect.stringMatching(/token$/),
  ]);
  const args = await path.sidecar.runAgent(['bash', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "']);
  expect(args.stdout).toContain('sidecar.mjs');
  expect(args.stdout).not.toContain(key);
});

const environmentOf = (pid: number | undefined) => readFileSync(`/proc/${pid}/environ`, 'utf8');

test('T24 what the agent puts into its own environment reaches neither guard nor proxy: no keys are logged', async () => {
  const env = {
    SSLKEYLOGFILE: '/tmp/cr-keys',
    NODE_OPTIONS: '--tls-keylog=/tmp/cr-keys',
    NODE_EXTRA_CA_CERTS: '/tmp/cr-ca',
  };
  const own = path.pod.start(['sleep', '20'], { env, timeoutMs: 30_000 });
  await expect.poll(() => environmentOf(own.pid)).toContain('SSLKEYLOGFILE');
  await path.sidecar.runAgent(['curl', '-sS', '-m', '5', 'https://inference.local/v1/models'], {
    env: { NODE_OPTIONS: env.NODE_OPTIONS },
  });
  for (const pid of [path.sidecar.proxyPid, path.sidecar.guard.pid])
    expect(environmentOf(pid)).not.toMatch(/SSLKEYLOGFILE|NODE_OPTIONS|NODE_EXTRA_CA_CERTS/);
  expect(readFileSync(`/proc/${path.sidecar.proxyPid}/cmdline`, 'utf8')).not.toContain('keylog');
  await own.stop('SIGKILL');
});

test('the sidecar listens on no unix socket', async () => {
  const listening = /^\S+: \S+ \S+ 00010000 /m;
  const sockets = async () => (await path.sidecar.runAgent(['cat', '/proc/net/unix'])).stdout;
  expect(await sockets()).not.toMatch(listening);
  const own = path.pod.start([
    'python3',
    '-c',
    "import socket,time; s=socket.socket(1); s.bind('\\0own'); s.listen(); print('up', flush=True); time.sleep(20)",
  ]);
  await own.waitForOutput('up');
  expect(await sockets()).toMatch(listening);
  await own.stop('SIGKILL');
});
