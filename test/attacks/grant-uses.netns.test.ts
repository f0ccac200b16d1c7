// A grant with a number of uses: at most so many leave, whoever is quick and whatever crashes.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Grant } from '../../protocol/snapshot.ts';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { allow } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('gu');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

const curl = (...args: readonly string[]) => path.sidecar.runAgent(['curl', '-sS', '-m', '8', ...args]);
const status = async (url: string) => (await curl('-o', '/dev/null', '-w', '%{http_code}', url)).stdout;
/** Gives `max` uses, counted by this sidecar. */
async function give(id: string, host: string, port: number, max: number, more: Partial<Grant> = {}): Promise<Grant> {
  const grant = { id, host, port, uses: { max, countedBy: path.hub.countedBy }, ...more };
  await path.hub.apply({ grants: [grant] });
  return grant;
}
const arrived = async (host: string) =>
  (await path.outside.connections(({ serverName }) => serverName === host)).length;

test('connections of a host: so many pass and none more, also after the sidecar was killed', async () => {
  await give('apr-two', 'two.test', 443, 2);
  expect([await status('https://two.test/'), await status('https://two.test/')]).toEqual(['200', '200']);
  expect(await status('https://two.test/')).toBe('403');
  await path.hub.waitFor('uses', ({ uses }) => uses.some(({ approval, used }) => approval === 'apr-two' && used === 2));
  const { sessions, countedBy } = path.hub;
  await path.sidecar.killProxy();
  await waitUntil(() => (path.hub.sessions > sessions ? true : undefined), {
    what: 'the sidecar to be back',
    timeoutMs: 10_000,
    intervalMs: 10,
  });
  expect(path.hub.countedBy).toBe(countedBy);
  expect(await status('https://two.test/')).toBe('403');
  expect(await arrived('two.test')).toBe(2);
});

test('twenty at once share three uses', async () => {
  await give('apr-three', 'three.test', 443, 3);
  const codes = await Promise.all(Array.from({ length: 20 }, () => status('https://three.test/')));
  expect(codes.filter(code => code === '200')).toHaveLength(3);
  expect(await arrived('three.test')).toBe(3);
});

test('one connection is one use, however many requests it carries', async () => {
  await give('apr-kept', 'kept.test', 80, 1);
  const urls = Array.from({ length: 4 }, (_, index) => ['-o', '/dev/null', `http://kept.test/${index}`]).flat();
  const { stdout } = await curl('-w', '%{http_code} ', ...urls);
  expect(stdout).toBe('200 200 200 200 ');
  expect(await status('http://kept.test/')).toBe('403');
});

const one = (method: string) => [
  '-sS',
  '-m',
  '8',
  '-w',
  '%{http_code} ',
  '-o',
  '/dev/null',
  '-X',
  method,
  'https://api.test/x',
];

test('single requests cost one each, on one connection too, and a listed one none', async () => {
  const inspection = { kind: 'HTTP', access: 'ReadOnly', allow: [], deny: [] } as const;
  await path.hub.apply({ policy: { rules: [allow(['api.test'], { protocol: 'HTTP', inspection })] } });
  await give('apr-posts', 'api.test', 443, 2, { requests: [{ method: 'POST', path: '/x' }] });
  const { stdout } = await curl(
    ...['POST', 'GET', 'POST', 'POST'].flatMap(method => ['--next', ...one(method)]).slice(1),
  );
  expect(stdout).toBe('200 200 200 403 ');
  expect(await status('https://api.test/y')).toBe('200');
});

test('what the last use has opened goes on when the operator knows that it was the last', async () => {
  const grant = await give('apr-last', 'last.test', 7, 1);
  const script = `
import socket, sys
s = socket.create_connection(('last.test', 7)); s.sendall(b'a'); s.recv(1); print('open', flush=True)
sys.stdin.readline()
s.sendall(b'b'); print('got', s.recv(1), flush=True)
`;
  const open = path.pod.start(['python3', '-c', script], { timeoutMs: 20_000, interactive: true });
  await open.waitForOutput('open');
  const uses = { max: 1, countedBy: '', ...grant.uses, areUsedUp: true as const };
  expect(await path.hub.apply({ grants: [{ ...grant, uses }] })).toMatchObject({ closed: 0 });
  open.child.stdin.end('go\n');
  await open.waitForOutput("got b'b'");
});

test('counted by a memory that is gone it carries nothing', async () => {
  await path.hub.apply({
    grants: [{ id: 'apr-gone', host: 'gone.test', port: 443, uses: { max: 5, countedBy: 'f'.repeat(32) } }],
  });
  expect(await status('https://gone.test/')).toBe('403');
  await give('apr-gone', 'gone.test', 443, 5);
  expect(await status('https://gone.test/')).toBe('200');
});

describe('killed again and again while the agent tries', () => {
  test('at most so many arrive', async () => {
    await give('apr-crash', 'crash.test', 443, 6);
    const loop = path.sidecar.runAgent(
      ['bash', '-c', 'for i in $(seq 60); do curl -s -m 2 -o /dev/null https://crash.test/ & sleep 0.05; done; wait'],
      { timeoutMs: 40_000 },
    );
    for (let round = 0; round < 4; round++) {
      await new Promise(resolve => setTimeout(resolve, 120 + 170 * round));
      await path.sidecar.killProxy().catch(() => undefined);
    }
    await loop;
    const count = await arrived('crash.test');
    expect(count).toBeLessThanOrEqual(6);
    await path.sidecar.waitReady();
    // The control: the rest still goes out, and then no more.
    const rest = Array.from({ length: 6 - count }, () => '200');
    const more = [];
    for (let index = 0; index <= rest.length; index++) more.push(await status('https://crash.test/'));
    // A use may have been written down for a connection that the kill then kept from leaving.
    expect(more.at(-1)).toBe('403');
    expect(await arrived('crash.test')).toBeLessThanOrEqual(6);
  });
});
