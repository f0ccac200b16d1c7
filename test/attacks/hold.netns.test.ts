// A connection that nobody lists waits for a person: released, refused, timed out, abandoned, too many; nothing leaves before.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { allow } from '../netns/snapshot-parts.ts';
import { type DataPath, startDataPath } from './data-path.ts';

let path: DataPath;
beforeAll(async () => {
  path = await startDataPath('ho');
});
afterAll(async () => path?.close());
beforeEach(async () => {
  await path.reset();
  await path.hub.apply({ policy: { holdMs: 20_000 } });
});

const curl = (...args: readonly string[]) =>
  path.sidecar.runAgent(['curl', '-sS', '-m', '25', ...args], { timeoutMs: 30_000 });
const denied = (host: string) => path.hub.waitFor('denial', frame => frame.host === host);
const untilMs = Date.now() + 3_600_000;

test('opaque TCP: not a packet to anybody before the decision, then as if nothing had been', async () => {
  const held = path.sidecar.runAgent(['bash', '-c', 'exec 3<>/dev/tcp/held.test/7; echo hello >&3; head -1 <&3'], {
    timeoutMs: 30_000,
  });
  await denied('held.test');
  await path.capture.expectNone('before the decision', path.sent);
  expect(await path.outside.countDnsQueries('held.test')).toBe(0);
  await path.hub.apply({ grants: [{ id: 'apr-held', host: 'held.test', port: 7 }] });
  expect(await held).toMatchObject({ stdout: 'hello\n' });
  await path.capture.expectSome('after it', path.sent);
});

test('a request inside an inspected connection waits alone', async () => {
  const inspection = { kind: 'HTTP', access: 'ReadOnly', allow: [], deny: [] } as const;
  await path.hub.apply({ policy: { rules: [allow(['api.test'], { protocol: 'HTTP', inspection })] } });
  const held = curl('-X', 'POST', '-d', 'x=1', 'https://api.test/x');
  await denied('api.test');
  expect(JSON.parse((await curl('https://api.test/y')).stdout)).toMatchObject({ path: '/y' });
  await path.hub.apply({
    grants: [{ id: 'apr-post', host: 'api.test', port: 443, requests: [{ method: 'POST', path: '/x' }] }],
  });
  expect(JSON.parse((await held).stdout)).toMatchObject({ method: 'POST', path: '/x' });
});

test.each([
  ['Denied', 'use the mirror', 'A person has refused this: use the mirror'],
  ['Snoozed', undefined, 'whoever does has put it off'],
] as const)('%s: it fails at once, with the reason', async (verdict, guidance, words) => {
  const host = `${verdict.toLowerCase()}.test`;
  const startedMs = Date.now();
  const held = curl(`https://${host}/`);
  await denied(host);
  path.hub.decide(`apr-${host}-443`, { verdict, untilMs, ...(guidance === undefined ? {} : { guidance }) });
  expect(JSON.parse((await held).stdout)).toMatchObject({
    detail: expect.stringContaining(words),
    approval: `apr-${host}-443`,
  });
  expect(Date.now() - startedMs).toBeLessThan(15_000);
});

test('silence is deny: after the time it is the usual answer', async () => {
  await path.hub.apply({ policy: { holdMs: 1500 } });
  const startedMs = Date.now();
  const { stdout } = await curl('http://silent.test/');
  expect(JSON.parse(stdout)).toMatchObject({ error: 'NotListed', approval: 'apr-silent.test-80' });
  expect(Date.now() - startedMs).toBeGreaterThanOrEqual(1400);
});

test('64 wait, further ones are refused by name at once, and who goes away makes room', async () => {
  const crowd = path.pod.start(
    ['bash', '-c', 'for i in $(seq 64); do exec {fd}<>/dev/tcp/crowd.test/7; done; echo all; exec sleep 60'],
    { timeoutMs: 60_000 },
  );
  await crowd.waitForOutput('all', 20_000);
  await waitUntil(() => (hits('crowd.test') >= 64 ? true : undefined), {
    what: 'all of them to be asked about',
    timeoutMs: 10_000,
    intervalMs: 50,
  });
  const refused = JSON.parse((await curl('https://more.test/')).stdout) as Record<string, string>;
  expect(refused).toMatchObject({ error: 'TooManyHeld', approval: 'apr-more.test-443' });
  expect(refused['detail']).toContain('64 others already wait');
  await crowd.stop('SIGKILL');
  await crowd.result().catch(() => undefined);
  await new Promise(resolve => setTimeout(resolve, 2500));
  const held = curl('https://roomy.test/');
  await denied('roomy.test');
  await path.hub.apply({ grants: [{ id: 'apr-roomy', host: 'roomy.test', port: 443 }] });
  expect(JSON.parse((await held).stdout)).toMatchObject({ host: 'roomy.test' });
  expect(path.sidecar.auditLines.some(({ reason, host }) => reason === 'ClientGone' && host === 'crowd.test')).toBe(
    true,
  );
});

test('the operator away and back: what waits asks again', async () => {
  await path.hub.stop();
  const held = curl('https://later.test/');
  await new Promise(resolve => setTimeout(resolve, 1500));
  await path.hub.start();
  await denied('later.test');
  path.hub.decide('apr-later.test-443', { verdict: 'Denied', untilMs, guidance: 'not today' });
  expect(JSON.parse((await held).stdout)).toMatchObject({ error: 'Denied' });
});

function hits(host: string): number {
  return path.hub
    .framesOf('denial')
    .filter(frame => frame.host === host)
    .reduce((sum, frame) => sum + frame.hits, 0);
}
