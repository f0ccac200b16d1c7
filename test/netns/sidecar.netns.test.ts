// The tier's own proof: real guard and sidecar in a pod-shaped namespace, with what the pod can do without them beside it.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Capture } from '../outside/capture/capture.ts';
import { createOutside } from '../outside/client/create-outside.ts';
import type { Outside } from '../outside/client/outside.ts';
import { createPod } from './create-pod.ts';
import type { Pod } from './pod.ts';
import type { Sidecar } from './sidecar.ts';
import { allow } from './snapshot-parts.ts';
import { startSidecar } from './start-sidecar.ts';
import { startTestHub, type TestHub } from './test-hub.ts';

let outside: Outside;
let capture: Capture;
let pod: Pod;
let hub: TestHub;
let sidecar: Sidecar;

beforeAll(async () => {
  outside = await createOutside({ name: `s-${process.pid}` });
  capture = await outside.startCapture();
});
afterAll(async () => {
  await capture?.stop();
  await outside?.close();
});
beforeEach(async () => {
  pod = await createPod(outside);
  hub = await startTestHub({ outside, parts: { policy: { rules: [allow(['allowed.test'])] } } });
  sidecar = await startSidecar(pod, { outside, hub });
});
afterEach(async () => {
  await pod?.close();
  await hub?.close();
});

test('a listed host is reached over TLS, and an unlisted one is answered with the name of the request', async () => {
  const listed = await sidecar.runAgent(['curl', '-sS', '-m', '5', 'https://allowed.test/hello']);
  expect(listed).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(listed.stdout)).toMatchObject({ host: 'allowed.test', path: '/hello' });
  const unlisted = await sidecar.runAgent(['curl', '-sS', '-m', '5', 'https://unlisted.test/']);
  expect(JSON.parse(unlisted.stdout)).toMatchObject({ host: 'unlisted.test', approval: 'apr-unlisted.test-443' });
  expect(await outside.countDnsQueries('unlisted.test')).toBe(0);
});
