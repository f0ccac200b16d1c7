import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, integer, property } from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { der } from './der.ts';
import { issueCertificate } from './issue-certificate.ts';

const day = 24 * 3_600_000;
const now = Date.now();
const ca = makeCa('creel test ca');
/** Somebody else's reading of the same standards. */
const judge = 'openssl';
const dir = mkdtempSync(join(tmpdir(), 'creel-x509-'));
afterAll(() => rmSync(dir, { recursive: true }));

function makeCa(commonName: string) {
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pem = issueCertificate({
    commonName,
    publicKey: keys.publicKey,
    issuer: { commonName, ...keys },
    notBefore: new Date(now - day),
    notAfter: new Date(now + 365 * day),
    usage: { kind: 'ca' },
  });
  return { pem, commonName, ...keys };
}

function makeLeaf(notAfter = new Date(now + day)) {
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pem = issueCertificate({
    commonName: 'hub.example',
    publicKey: keys.publicKey,
    issuer: ca,
    notBefore: new Date(now - day),
    notAfter,
    usage: { kind: 'server', dnsNames: ['hub.example', 'other.example'] },
  });
  return { pem, ...keys };
}

function openssl(...args: readonly string[]): string {
  return execFileSync(judge, args, { cwd: dir, encoding: 'utf8', stdio: 'pipe' });
}

describe('a certificate made by hand', () => {
  test('is read by node: names, dates, key and signature', () => {
    const leaf = makeLeaf();
    const parsed = new X509Certificate(leaf.pem);
    expect(parsed.verify(ca.publicKey)).toBe(true);
    expect(parsed.verify(makeCa('stranger').publicKey)).toBe(false);
    expect(parsed.checkIssued(new X509Certificate(ca.pem))).toBe(true);
    expect(parsed.checkPrivateKey(leaf.privateKey)).toBe(true);
    expect(parsed.checkHost('other.example')).toBe('other.example');
    expect(parsed.checkHost('evil.example')).toBeUndefined();
    expect(parsed.ca).toBe(false);
    expect(new X509Certificate(ca.pem).ca).toBe(true);
    expect(+parsed.validToDate).toBe(Math.floor((now + day) / 1000) * 1000);
    expect(createPublicKey(leaf.pem).equals(leaf.publicKey)).toBe(true);
  });

  test('verifies under openssl with its strictest checks', () => {
    writeFileSync(join(dir, 'ca.pem'), ca.pem);
    writeFileSync(join(dir, 'leaf.pem'), makeLeaf().pem);
    const strict = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'hub.example'];
    expect(openssl(...strict, '-CAfile', 'ca.pem', 'leaf.pem')).toContain('leaf.pem: OK');
    expect(openssl('x509', '-in', 'leaf.pem', '-noout', '-text')).toContain('TLS Web Server Authentication');
  });

  test('of a stranger does not verify under openssl', () => {
    writeFileSync(join(dir, 'stranger.pem'), makeCa('creel test ca').pem);
    writeFileSync(join(dir, 'leaf2.pem'), makeLeaf().pem);
    expect(() => openssl('verify', '-CAfile', 'stranger.pem', 'leaf2.pem')).toThrow(/verify failed|error/);
  });

  test('is dated past 2049 by GeneralizedTime', () => {
    const far = new Date('2061-02-03T04:05:06Z');
    expect(new X509Certificate(makeLeaf(far).pem).validToDate).toEqual(far);
  });
});

test.each([
  ['integer', der.integer(Buffer.from([0, 0, 0x80])), '02020080'],
  ['zero', der.integer(Buffer.alloc(4)), '020100'],
  ['object identifier', der.oid('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
  ['long length', der.octets(Buffer.alloc(300)).subarray(0, 4), '0482012c'],
])('DER of an %s', (_what, actual, hex) => expect(actual.toString('hex')).toBe(hex));

test('lengths of any content can be read back', () => {
  assert(
    property(integer({ min: 0, max: 70_000 }), length => {
      const encoded = der.octets(Buffer.alloc(length));
      const first = encoded[1] ?? 0;
      const [declared, header] = first < 0x80 ? [first, 2] : [encoded.readUIntBE(2, first & 0x7f), 2 + (first & 0x7f)];
      expect([declared, header + declared]).toEqual([length, encoded.length]);
    }),
  );
});
