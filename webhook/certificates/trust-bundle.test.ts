import { expect, test } from 'vitest';
import { renewServerKeys, trustBundle } from '../../kube/tls/renew-server-keys.ts';
import { extendTrust } from './trust-bundle.ts';

const dayMs = 24 * 3_600_000;
const start = Date.UTC(2026, 0, 1);
const first = renewServerKeys(undefined, 'w.test', start);
const second = renewServerKeys(undefined, 'w.test', start + dayMs);
const [own, other] = [trustBundle(first), trustBundle(second)];
const count = (bundle: string) => bundle.match(/BEGIN CERTIFICATE/g)?.length ?? 0;

test('the same trust again is the same text', () => {
  const bundle = extendTrust('', own, start);
  expect(extendTrust(bundle, own, start)).toBe(bundle);
  expect(count(bundle)).toBe(2);
});

test('authorities of before stay until they end', () => {
  const both = extendTrust(extendTrust('', own, start), other, start + dayMs);
  expect(count(both)).toBe(4);
  for (const pem of [first.caCert, first.nextCaCert, second.caCert, second.nextCaCert])
    expect(both).toContain(pem.trim());
  expect(extendTrust(both, other, start + 3 * 365 * dayMs)).toBe(extendTrust('', other, start));
});

test('they do not grow without end', () => {
  let bundle = '';
  for (let day = 0; day < 20; day++) {
    const keys = renewServerKeys(undefined, 'w.test', start + day * dayMs);
    bundle = extendTrust(bundle, trustBundle(keys), start + day * dayMs);
    expect(bundle).toContain(keys.caCert.trim());
  }
  expect(count(bundle)).toBe(6);
});

test.each([
  ['no PEM', 'x'],
  ['half a certificate', own.slice(0, 300)],
  ['one that may sign nothing', first.cert],
  ['a key', first.key],
])('what stands there and is %s goes', (_what, present) => {
  expect(extendTrust(present, own, start)).toBe(extendTrust('', own, start));
});
