import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type Ask, chooseScene } from './choose-scene.ts';

const key = { NVIDIA_API_KEY: 'nvapi-mine' };
const unreachable: Ask = (_url, init) => fetch('http://127.0.0.1:1/', init);
const never: Ask = () => Promise.reject(new Error('nobody was to be asked'));

/** The endpoint's place is taken by a server of ours: what is asked of it is what the demo would ask. */
async function withEndpoint<T>(status: number, body: (ask: Ask, seen: string[]) => Promise<T>): Promise<T> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers.authorization}`);
    response.writeHead(status).end('{}');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await body((url, init) => fetch(`http://127.0.0.1:${port}${new URL(url).pathname}`, init), seen);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('not asked for, nobody is asked, and the key of the machine stays out of it', async () => {
  const scene = await chooseScene(false, key, never);
  expect(scene).toMatchObject({ realNetwork: false, secondProfile: 'vllm' });
  expect(scene).not.toHaveProperty('why');
  expect(scene.apiKey).not.toBe('nvapi-mine');
});

test.each([[{}], [{ NVIDIA_API_KEY: '' }]])('without a key (%j) it says so, and asks nobody', async env => {
  const scene = await chooseScene(true, env, never);
  expect(scene).toMatchObject({ realNetwork: false, why: expect.stringContaining('NVIDIA_API_KEY is not set') });
});

test('with a key that the endpoint takes it is the real network', async () => {
  await withEndpoint(200, async (ask, seen) => {
    expect(await chooseScene(true, key, ask)).toMatchObject({ realNetwork: true, apiKey: 'nvapi-mine' });
    expect(seen).toEqual(['/v1/models Bearer nvapi-mine']);
  });
});

test('a refused key is named, and not shown', async () => {
  await withEndpoint(401, async ask => {
    const { why, realNetwork } = await chooseScene(true, key, ask);
    expect(realNetwork).toBe(false);
    expect(why).toMatch(/answers 401 to your NVIDIA_API_KEY: the demo stays with the test model server/);
    expect(why).not.toContain('nvapi-mine');
  });
});

test('an endpoint that cannot be reached is named with the reason', async () => {
  expect((await chooseScene(true, key, unreachable)).why).toMatch(/is not reachable from this machine \(.+\)/);
});
