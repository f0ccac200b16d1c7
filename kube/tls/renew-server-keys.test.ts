import { createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  caLifetimeMs,
  certificateLifetimeMs,
  renewServerKeys,
  type ServerKeys,
  trustBundle,
} from './renew-server-keys.ts';

const name = 'hub.creel.internal';
const start = Date.UTC(2026, 0, 1);
const fresh = renewServerKeys(undefined, name, start);

const trusts = (bundle: string, cert: string) =>
  bundle
    .split(/(?<=-----END CERTIFICATE-----)/)
    .filter(pem => pem.includes('BEGIN'))
    .some(pem => new X509Certificate(cert).verify(createPublicKey(pem)));

test('nothing is renewed while nothing is due', () => {
  expect(renewServerKeys(fresh, name, start + 1000)).toBe(fresh);
  expect(renewServerKeys(fresh, name, start + certificateLifetimeMs / 2)).toBe(fresh);
});

test('a server certificate is replaced before its end, under the same CA', () => {
  const renewed = renewServerKeys(fresh, name, start + certificateLifetimeMs * 0.7);
  expect(renewed.cert).not.toBe(fresh.cert);
  expect(renewed.caCert).toBe(fresh.caCert);
});

test('over three years of daily renewal, what pods already trust always covers the next certificate', () => {
  let keys = fresh;
  let handovers = 0;
  for (let now = start; now < start + 3 * caLifetimeMs; now += 24 * 3_600_000) {
    const next = renewServerKeys(keys, name, now);
    expect(trusts(trustBundle(keys), next.cert)).toBe(true);
    if (next.caCert !== keys.caCert) handovers++;
    const { validFromDate, validToDate } = new X509Certificate(next.cert);
    expect(+validFromDate < now && now < +validToDate).toBe(true);
    keys = next;
  }
  expect(handovers).toBeGreaterThan(2);
});

test.each<[string, Partial<ServerKeys>]>([
  ['is not PEM', { cert: 'x' }],
  ['belongs to another key', { key: renewServerKeys(undefined, name, start).key }],
  ['was signed by another CA', { caCert: renewServerKeys(undefined, name, start).caCert }],
])('a Secret whose content %s is replaced whole', (_what, change) => {
  const renewed = renewServerKeys({ ...fresh, ...change }, name, start);
  expect(trusts(renewed.caCert, renewed.cert)).toBe(true);
  expect(renewed.caCert).not.toBe(fresh.caCert);
});

test('a certificate for another name is replaced', () => {
  expect(new X509Certificate(renewServerKeys(fresh, 'other.name', start).cert).checkHost('other.name')).toBe(
    'other.name',
  );
});
