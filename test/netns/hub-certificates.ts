import { generateKeyPairSync } from 'node:crypto';
import { issueCertificate } from '../../kube/tls/issue-certificate.ts';
import { hubServerName } from '../../protocol/constants.ts';

export interface HubCertificates {
  readonly caPem: string;
  readonly cert: string;
  readonly key: string;
}

const hourMs = 3_600_000;

/** A CA of its own and a leaf for the name that sidecars expect. */
export function hubCertificates(): HubCertificates {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { commonName: 'Test hub CA', ...ca };
  const valid = { notBefore: new Date(Date.now() - hourMs), notAfter: new Date(Date.now() + 24 * hourMs) };
  return {
    caPem: issueCertificate({
      commonName: issuer.commonName,
      publicKey: ca.publicKey,
      issuer,
      ...valid,
      usage: { kind: 'ca' },
    }),
    cert: issueCertificate({
      commonName: hubServerName,
      publicKey: leaf.publicKey,
      issuer,
      ...valid,
      usage: { kind: 'server', dnsNames: [hubServerName] },
    }),
    key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}
