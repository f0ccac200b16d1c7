// The certificate authority of the outside world's web: a leaf for whatever name is asked for, and a few that are wrong.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { issueCertificate } from '../../../kube/tls/issue-certificate.ts';

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface Authority extends KeyPair {
  readonly commonName: string;
  readonly pem: string;
}

export interface TestCa {
  readonly caPem: string;
  /**
   * The context for a server name. Names that begin with `untrusted.`, `self-signed.`, `wrong-name.`, `cn-only.` and
   * `expired.` get a certificate that a careful client refuses for that reason.
   */
  contextFor(serverName: string): SecureContext;
  certificateFor(serverName: string): Certificate;
}

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const dayMs = 86_400_000;

/** Kept in the folder, so that a restarted outside world is trusted by who trusted the last one. */
export function openTestCa(folder: string): TestCa {
  const trusted = openAuthority(folder, 'Creel test CA');
  const untrusted = createAuthority('Nobody trusts this CA', newKeys());
  const leafKeys = newKeys();
  const key = leafKeys.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const contexts = new Map<string, SecureContext>();
  const certificateFor = (serverName: string) => {
    const [first = ''] = serverName.split('.');
    const itself = { commonName: serverName, pem: '', ...leafKeys };
    const issuer = { untrusted, 'self-signed': itself }[first] ?? trusted;
    const name = first === 'wrong-name' ? 'another.test' : serverName;
    const cert = issueLeaf(issuer, leafKeys, {
      commonName: name,
      dnsNames: first === 'cn-only' ? [] : [name],
      notAfterMs: first === 'expired' ? Date.now() - dayMs : Date.now() + 30 * dayMs,
    });
    return { cert, key };
  };
  return {
    caPem: trusted.pem,
    certificateFor,
    contextFor(serverName) {
      const known = contexts.get(serverName) ?? createSecureContext(certificateFor(serverName));
      contexts.set(serverName, known);
      return known;
    },
  };
}

function openAuthority(folder: string, commonName: string): Authority {
  const keyFile = join(folder, 'ca.key');
  const certFile = join(folder, 'ca.pem');
  if (existsSync(keyFile) && existsSync(certFile)) {
    const privateKey = createPrivateKey(readFileSync(keyFile));
    return { commonName, privateKey, publicKey: createPublicKey(privateKey), pem: readFileSync(certFile, 'utf8') };
  }
  const authority = createAuthority(commonName, newKeys());
  writeFileSync(keyFile, authority.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(certFile, authority.pem);
  return authority;
}

function createAuthority(commonName: string, keys: KeyPair): Authority {
  const pem = issueCertificate({
    commonName,
    publicKey: keys.publicKey,
    issuer: { commonName, ...keys },
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + 365 * dayMs),
    usage: { kind: 'ca' },
  });
  return { commonName, ...keys, pem };
}

interface Leaf {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly notAfterMs: number;
}

function issueLeaf(issuer: Authority, keys: KeyPair, leaf: Leaf) {
  return issueCertificate({
    commonName: leaf.commonName.slice(0, 64),
    publicKey: keys.publicKey,
    issuer,
    notBefore: new Date(Date.now() - 2 * dayMs),
    notAfter: new Date(leaf.notAfterMs),
    usage: { kind: 'server', dnsNames: leaf.dnsNames },
  });
}

function newKeys(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}
