// The data path as a whole: real guard and sidecar in a pod-shaped namespace, and what the same pod can do without them.
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hubPorts } from '../../protocol/constants.ts';
import type { Capture } from '../outside/capture/capture.ts';
import type { Packet } from '../outside/capture/parse-packet.ts';
import { createOutside } from '../outside/client/create-outside.ts';
import type { Outside } from '../outside/client/outside.ts';
import { createPod } from './create-pod.ts';
import type { Pod } from './pod.ts';
import type { Sidecar } from './sidecar.ts';
import { allow, modelRoute } from './snapshot-parts.ts';
import { startSidecar } from './start-sidecar.ts';
import { startTestHub, type TestHub } from './test-hub.ts';
import { attemptTargets, tryToLeave } from './try-to-leave.ts';

let outside: Outside;
let capture: Capture;
let pod: Pod;

beforeAll(async () => {
  outside = await createOutside({ name: `s-${process.pid}` });
  capture = await outside.startCapture();
});
afterAll(async () => {
  await capture?.stop();
  await outside?.close();
});
beforeEach(async () => {
  await outside.reset();
  capture.clear();
  pod = await createPod(outside);
});
afterEach(async () => pod?.close());

/** What the sidecar itself may send: to the hub, and to the resolver. */
function unexpected(packet: Packet): boolean {
  const toHub =
    packet.destination === '10.209.0.1' && Object.values<number>(hubPorts).includes(packet.destinationPort ?? 0);
  const toResolver = packet.destination === outside.dnsAddress && packet.destinationPort === 53;
  return pod.sent(packet) && !toHub && !toResolver;
}

function toTargets(packet: Packet): boolean {
  return pod.sent(packet) && attemptTargets.some(target => target === packet.destination);
}

test.each(['agent', 'root'] as const)('without a fence every attempt of %s leaves', async user => {
  const answered = await tryToLeave(pod, user);
  expect(answered).toEqual(
    expect.arrayContaining(['tcp v4', 'udp v4', 'icmp v4', 'dns v4'].map(name => `${name} answered`)),
  );
  for (const protocol of ['tcp', 'udp', 'udplite'])
    for (const target of attemptTargets)
      await capture.expectSome(`${protocol} to ${target}`, packet => toTargets(packet) && packet.protocol === protocol);
  await capture.expectSome('ICMPv6', packet => toTargets(packet) && packet.protocol === 'icmpv6');
  expect(await outside.countDnsQueries('leak.test')).toBeGreaterThan(0);
});

describe('with guard and sidecar', () => {
  let hub: TestHub;
  let sidecar: Sidecar;

  beforeEach(async () => {
    const rules = [
      allow(['allowed.test']),
      allow(['plain.test'], { ports: [80], protocol: 'HTTP' }),
      allow(['raw.test'], { ports: [7, 9], protocol: 'TCP' }),
    ];
    hub = await startTestHub({ outside, parts: { policy: { rules }, route: modelRoute() } });
    sidecar = await startSidecar(pod, { outside, hub });
  });
  afterEach(async () => hub?.close());

  test.each(['agent', 'root'] as const)('no packet of %s leaves, whatever the protocol', async user => {
    capture.clear();
    const answered = await tryToLeave(pod, user);
    await capture.expectNone(`sent by ${user}`, unexpected);
    // The captured DNS question is answered, by the sidecar; nothing else is.
    expect(answered.filter(attempt => !attempt.startsWith('dns'))).toEqual([]);
    expect(await outside.countDnsQueries('leak.test')).toBe(0);
  });

  test('a listed host is reached over TLS, an unlisted one is answered with the name of the request', async () => {
    const listed = await sidecar.runAgent(['curl', '-sS', '-m', '5', 'https://allowed.test/hello']);
    expect(listed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(listed.stdout)).toMatchObject({ host: 'allowed.test', path: '/hello' });
    const unlisted = await sidecar.runAgent(['curl', '-sS', '-m', '5', 'https://unlisted.test/']);
    expect(JSON.parse(unlisted.stdout)).toMatchObject({ host: 'unlisted.test', approval: 'apr-unlisted.test-443' });
    expect(await outside.countDnsQueries('unlisted.test')).toBe(0);
    expect(hub.framesOf('denial')).toMatchObject([
      { host: 'unlisted.test', port: 443, binary: { path: '/usr/bin/curl' } },
    ]);
  });

  test('a grant lets the same request pass, and its end refuses it again', async () => {
    const call = ['curl', '-sS', '-m', '5', 'https://asked.test/'];
    expect(JSON.parse((await sidecar.runAgent(call)).stdout)).toMatchObject({ error: expect.any(String) as string });
    await hub.apply({ grants: [{ id: 'apr-1', host: 'asked.test', port: 443 }] });
    expect(JSON.parse((await sidecar.runAgent(call)).stdout)).toMatchObject({ outside: true, host: 'asked.test' });
    await hub.apply({ grants: [] });
    expect(JSON.parse((await sidecar.runAgent(call)).stdout)).toMatchObject({ error: expect.any(String) as string });
  });

  test('plain HTTP goes by Host, raw TCP by name', async () => {
    const plain = await sidecar.runAgent(['curl', '-sS', '-m', '5', 'http://plain.test/x']);
    expect(JSON.parse(plain.stdout)).toMatchObject({ host: 'plain.test', path: '/x' });
    const echo = await sidecar.runAgent(['bash', '-c', 'exec 3<>/dev/tcp/raw.test/7; echo hello >&3; head -1 <&3']);
    expect(echo).toMatchObject({ stdout: 'hello\n' });
  });

  test('a name is asked for once by connections that follow each other, and anew after a change of policy', async () => {
    for (let count = 0; count < 3; count++) await expectEcho(sidecar);
    expect(await outside.countDnsQueries('raw.test')).toBe(2);
    await hub.apply({ policy: { rules: [allow(['raw.test'], { ports: [7], protocol: 'TCP' })] } });
    await expectEcho(sidecar);
    expect(await outside.countDnsQueries('raw.test')).toBe(4);
  });

  test('3 MB queued at close arrive whole', async () => {
    const bytes = 3 * 2 ** 20;
    const send = `head -c ${bytes} /dev/zero > /dev/tcp/raw.test/9`;
    expect(await sidecar.runAgent(['bash', '-c', send])).toMatchObject({ exitCode: 0 });
    const record = await outside.waitForConnection(({ service, ended }) => service === 'sink' && ended !== undefined);
    const sha256 = createHash('sha256').update(Buffer.alloc(bytes)).digest('hex');
    expect(record).toMatchObject({ bytesIn: bytes, sha256, ended: 'fin' });
  });

  test('a model call takes the route: its key and its model, none of the agent’s', async () => {
    const body = JSON.stringify({ model: 'whatever', stream: true, messages: [{ role: 'user', content: 'hi' }] });
    const call = ['curl', '-sS', '-m', '5', 'https://inference.local/v1/chat/completions', '-d', body];
    const headers = ['-H', 'content-type: application/json', '-H', 'authorization: Bearer sk-of-the-agent'];
    const { stdout } = await sidecar.runAgent([...call, ...headers]);
    expect(stdout).toContain('data: [DONE]');
    const [request] = await outside.requests(({ kind }) => kind === 'model');
    expect(request?.headers['authorization']).toBe('Bearer sk-test-key-of-the-route');
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ model: 'creel-test-model', stream: true });
    expect(JSON.stringify(request)).not.toContain('sk-of-the-agent');
  });

  test('a killed sidecar means no network, and it works again without the agent’s doing', async () => {
    await sidecar.killProxy();
    capture.clear();
    expect((await tryToLeave(pod, 'agent')).filter(attempt => !attempt.startsWith('dns'))).toEqual([]);
    await capture.expectNone('with the sidecar killed', toTargets);
    await sidecar.waitReady();
    const again = await sidecar.runAgent(['curl', '-sS', '-m', '3', 'https://allowed.test/', '-o', '/dev/null']);
    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('without the hub the policy in force stays in force', async () => {
    await hub.stop();
    const { exitCode } = await sidecar.runAgent(['curl', '-sS', '-m', '5', 'https://allowed.test/']);
    expect(exitCode).toBe(0);
    const denied = await sidecar.runAgent(['curl', '-sS', '-m', '5', 'https://unlisted.test/']);
    expect(JSON.parse(denied.stdout)).toMatchObject({ host: 'unlisted.test' });
    expect(JSON.parse(denied.stdout)).not.toHaveProperty('outside');
  });

  test('the sidecar’s node process has no capability, and no privilege to gain', async () => {
    const pid = sidecar.proxyPid;
    const status = (await pod.run(['bash', '-c', 'grep -h -E "^(Uid|Cap|NoNewPrivs)" /proc/[0-9]*/status'])).stdout;
    expect(pid).toBeDefined();
    expect(status).toMatch(
      /Uid:\s1337\s1337\s1337\s1337\nCapInh:\s0+\nCapPrm:\s0+\nCapEff:\s0+\nCapBnd:\s0+\nCapAmb:\s0+\nNoNewPrivs:\s1\n/,
    );
  });

  test('the agent’s launcher runs a program locked in', async () => {
    const read = ['grep', '-E', '^(Uid|CapEff|NoNewPrivs|Seccomp):', '/proc/self/status'];
    const { stdout, stderr } = await sidecar.runThroughLauncher(read);
    expect(stderr).toBe('');
    expect(stdout).toBe('Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n');
  });
});

async function expectEcho(sidecar: Sidecar): Promise<void> {
  const echo = await sidecar.runAgent(['bash', '-c', 'exec 3<>/dev/tcp/raw.test/7; echo hello >&3; head -1 <&3']);
  expect(echo).toMatchObject({ stdout: 'hello\n' });
}
