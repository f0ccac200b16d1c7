import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { der } from './der.ts';

export interface CertificateRequest {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly issuer: { readonly commonName: string; readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** A CA may sign leaves and nothing below them; a leaf serves TLS for `dnsNames`. */
  readonly usage: { readonly kind: 'ca' } | { readonly kind: 'server'; readonly dnsNames: readonly string[] };
}

const oids = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

/** An X.509 v3 certificate (RFC 5280) over P-256 keys, as PEM. */
export function issueCertificate(request: CertificateRequest): string {
  const algorithm = der.sequence(der.oid(oids.ecdsaWithSha256));
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    der.integer(randomBytes(16)),
    algorithm,
    name(request.issuer.commonName),
    der.sequence(der.time(request.notBefore), der.time(request.notAfter)),
    name(request.commonName),
    request.publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(3, der.sequence(...extensions(request))),
  );
  const signature = sign('sha256', body, request.issuer.privateKey);
  return toPem(der.sequence(body, algorithm, der.bits(signature)));
}

function extensions({ usage, publicKey, issuer }: CertificateRequest): Buffer[] {
  const shared = [
    extension(oids.subjectKeyId, der.octets(keyId(publicKey))),
    extension(oids.authorityKeyId, der.sequence(der.implicit(0, keyId(issuer.publicKey)))),
  ];
  if (usage.kind === 'ca') {
    // pathLen 0; keyCertSign and cRLSign are bits 5 and 6.
    return [
      critical(oids.basicConstraints, der.sequence(der.true(), der.integer(Buffer.from([0])))),
      critical(oids.keyUsage, der.bits(Buffer.from([0b0000_0110]), 1)),
      ...shared,
    ];
  }
  const names = usage.dnsNames.map(dnsName => der.implicit(2, Buffer.from(dnsName, 'ascii')));
  return [
    critical(oids.basicConstraints, der.sequence()),
    critical(oids.keyUsage, der.bits(Buffer.from([0b1000_0000]), 7)),
    extension(oids.extendedKeyUsage, der.sequence(der.oid(oids.serverAuth))),
    ...(names.length === 0 ? [] : [extension(oids.subjectAltName, der.sequence(...names))]),
    ...shared,
  ];
}

function extension(oid: string, value: Buffer): Buffer {
  return der.sequence(der.oid(oid), der.octets(value));
}

function critical(oid: string, value: Buffer): Buffer {
  return der.sequence(der.oid(oid), der.true(), der.octets(value));
}

function name(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid(oids.commonName), der.utf8(commonName))));
}

/** RFC 7093 method 1: the leftmost 160 bits of the SHA-256 of the key. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
