// What an agent says to a proxy, said to this one: a listed host's connection is an origin's, and CONNECT leads nowhere.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inspect } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('ep');
});
afterAll(async () => path?.close());
beforeEach(async () => {
  await path.reset();
  await path.hub.apply({ policy: { rules: [inspect(['plain.test'], { access: 'Full' }, { ports: [80] })] } });
});

/** Sends each piece as a segment of its own over one connection, and answers all that came back until the end. */
const talk = async (...pieces: readonly string[]) => {
  const script = `
import json, socket, sys
s = socket.create_connection(('plain.test', 80)); s.setsockopt(6, 1, 1)
def read(seconds):
  s.settimeout(seconds)
  while True:
    try: got = s.recv(65536)
    except TimeoutError: return True
    if not got: return False
    sys.stdout.write(got.decode('latin1'))
try:
  # What has come is read before more is sent: a reset would take it away.
  for piece in json.loads(sys.argv[1]):
    s.sendall(piece.encode('latin1'))
    if not read(0.05): break
  else: read(6)
except OSError as error: sys.stdout.write(type(error).__name__)
`;
  return (await path.sidecar.runAgent(['python3', '-c', script, JSON.stringify(pieces)])).stdout;
};
const statuses = (text: string) => text.match(/^HTTP\/1\.1 \d+/gm)?.map(line => line.slice(9)) ?? [];
const connectTo = (target: string, ...fields: readonly string[]) =>
  [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`, ...fields, '', ''].join('\r\n');
const get = (at: string) => `GET ${at} HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n\r\n`;
const arrived = async () => (await path.outside.requests()).map(({ method, path: at }) => `${method} ${at}`);

/** The control of each case: the same connection carries a request to its own host. */
const control = async () => {
  await path.reset();
  await path.hub.apply({ policy: { rules: [inspect(['plain.test'], { access: 'Full' }, { ports: [80] })] } });
  expect(statuses(await talk(get('/control')))).toEqual(['200']);
  expect(await arrived()).toEqual(['GET /control']);
};

describe('N33 loopback, the pod’s own and the sidecar’s addresses', () => {
  const own = ['127.0.0.1:15001', 'localhost:15053', '[::1]:15021', '[::ffff:127.0.0.1]:15001', '0.0.0.0:15001'];

  test('by CONNECT: refused, also where a rule lists them, and nothing is dialled', async () => {
    const targets = [...own, `${path.pod.addresses.address}:15021`, 'kubernetes.default.svc:443', 'plain.test:80'];
    const block = { cidrs: [{ cidr: '127.0.0.0/8' }], allowedCidrs: ['127.0.0.0/8'] };
    const everywhere = { ports: [80, 443, 15_001, 15_021, 15_053], ...block };
    await path.hub.apply({ policy: { rules: [inspect(['plain.test', 'localhost'], { access: 'Full' }, everywhere)] } });
    for (const target of targets) expect(statuses(await talk(connectTo(target))), target).toEqual(['400']);
    expect(await path.outside.connections()).toEqual([]);
    await control();
  });

  test('by an absolute target: another host than the connection’s is no request', async () => {
    for (const host of own)
      expect(statuses(await talk(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`))[0], host).toMatch(/^4\d\d$/);
    expect(await path.outside.connections()).toEqual([]);
    await control();
  });

  test('nobody listens where explicit proxies do', async () => {
    const dial = `import socket
for port in (3128, 8080, 1080):
  s = socket.socket(); s.settimeout(3)
  print(port, s.connect_ex(('127.0.0.1', port)))`;
    expect((await path.sidecar.runAgent(['python3', '-c', dial])).stdout).toBe('3128 111\n8080 111\n1080 111\n');
  });
});

test('N34 fifty CONNECTs in one another: one refusal, no connection, neither outside nor to itself', async () => {
  const nested = Array.from({ length: 50 }, (_, at) => connectTo(at % 2 ? '127.0.0.1:15001' : 'plain.test:80'));
  const decisionsBefore = path.sidecar.auditLines.length;
  for (const sent of [nested, [nested.join('')]]) expect(statuses(await talk(...sent))).toEqual(['400']);
  expect(await path.outside.connections()).toEqual([]);
  await expect.poll(() => path.sidecar.auditLines.length).toBe(decisionsBefore + 2);
  await control();
});

describe('H17 bytes right behind a CONNECT are neither tunnel nor next request', () => {
  test.each<[string, readonly string[]]>([
    ['in the same segment', [connectTo('plain.test:80') + get('/smuggled')]],
    ['in the next segment', [connectTo('plain.test:80'), get('/smuggled')]],
    ['as its body', [connectTo('plain.test:80', `Content-Length: ${get('/smuggled').length}`) + get('/smuggled')]],
    [
      'as its chunk',
      [`${connectTo('plain.test:80', 'Transfer-Encoding: chunked')}5\r\nGET /\r\n0\r\n\r\n${get('/smuggled')}`],
    ],
    ['as a TLS hello', [`${connectTo('plain.test:443')}\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03`]],
  ])('%s', async (_where, pieces) => {
    expect(statuses(await talk(...pieces))).toEqual(['400']);
    expect(await arrived()).toEqual([]);
    expect(await path.outside.connections()).toEqual([]);
    await control();
  });
});
