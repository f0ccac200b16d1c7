// The hub's own certificate authority (and, of its own, the webhook's), its overlap on rotation, and the server certificate. Pure but for making keys.
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { issueCertificate } from './issue-certificate.ts';

/** What Secret creel-hub-tls holds, decoded. */
export interface ServerKeys {
  /** The CA that signs the server certificate now. */
  readonly caCert: string;
  readonly caKey: string;
  /** The CA that takes over: pods learn it long before the server uses it. */
  readonly nextCaCert: string;
  readonly nextCaKey: string;
  readonly cert: string;
  readonly key: string;
}

const dayMs = 24 * 3_600_000;
export const caLifetimeMs = 365 * dayMs;
export const certificateLifetimeMs = 30 * dayMs;
/** Clocks of nodes differ. */
const backdateMs = 3_600_000;

/**
 * The keys to use at `nowMs`: the same object where nothing is due. A CA past half its life hands over to the next one,
 * which every pod has trusted since the last handover; a server certificate is replaced at two thirds of its life.
 * Unreadable or mismatched keys are replaced, never used.
 */
export function renewServerKeys(current: ServerKeys | undefined, serverName: string, nowMs: number): ServerKeys {
  const usable = current !== undefined && isUsable(current, serverName, nowMs) ? current : undefined;
  if (usable === undefined) {
    // The first successor lives longer, so that its turn comes well before its own half-life.
    return withCertificate(makeCa(nowMs), makeCa(nowMs, caLifetimeMs * 1.5), serverName, nowMs);
  }
  const ca = { cert: usable.caCert, key: usable.caKey };
  const next = { cert: usable.nextCaCert, key: usable.nextCaKey };
  if (lifeSpent(ca.cert, nowMs) > 0.5) {
    const successor = lifeSpent(next.cert, nowMs) > 0.5 ? makeCa(nowMs) : next;
    return withCertificate(successor, makeCa(nowMs), serverName, nowMs);
  }
  return lifeSpent(usable.cert, nowMs) > 2 / 3 ? withCertificate(ca, next, serverName, nowMs) : usable;
}

/** What pods trust: the CA in use and the one to come. */
export function trustBundle({ caCert, nextCaCert }: ServerKeys): string {
  return `${caCert.trim()}\n${nextCaCert.trim()}\n`;
}

interface Ca {
  readonly cert: string;
  readonly key: string;
}

function makeCa(nowMs: number, lifetimeMs = caLifetimeMs): Ca {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const commonName = `creel ${new Date(nowMs).toISOString().slice(0, 10)}`;
  const cert = issueCertificate({
    commonName,
    publicKey,
    issuer: { commonName, publicKey, privateKey },
    ...validity(nowMs, lifetimeMs),
    usage: { kind: 'ca' },
  });
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

function withCertificate(ca: Ca, next: Ca, serverName: string, nowMs: number): ServerKeys {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const cert = issueCertificate({
    commonName: serverName,
    publicKey,
    issuer: {
      commonName: new X509Certificate(ca.cert).subject.replace(/^CN=/, ''),
      publicKey: createPublicKey(ca.cert),
      privateKey: createPrivateKey(ca.key),
    },
    ...validity(nowMs, certificateLifetimeMs),
    usage: { kind: 'server', dnsNames: [serverName] },
  });
  return {
    caCert: ca.cert,
    caKey: ca.key,
    nextCaCert: next.cert,
    nextCaKey: next.key,
    cert,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

function validity(nowMs: number, lifetimeMs: number) {
  return { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + lifetimeMs) };
}

function isUsable(keys: ServerKeys, serverName: string, nowMs: number): boolean {
  try {
    const ca = new X509Certificate(keys.caCert);
    const next = new X509Certificate(keys.nextCaCert);
    const cert = new X509Certificate(keys.cert);
    return (
      ca.checkPrivateKey(createPrivateKey(keys.caKey)) &&
      next.checkPrivateKey(createPrivateKey(keys.nextCaKey)) &&
      cert.checkPrivateKey(createPrivateKey(keys.key)) &&
      cert.verify(ca.publicKey) &&
      cert.checkHost(serverName) !== undefined &&
      [ca, cert].every(({ validFromDate, validToDate }) => +validFromDate <= nowMs && nowMs < +validToDate)
    );
  } catch {
    // Not PEM, not a key, another algorithm: someone edited the Secret. New keys are the remedy.
    return false;
  }
}

/** 0 when just issued, 1 at its end. */
function lifeSpent(cert: string, nowMs: number): number {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  return (nowMs - +validFromDate) / (+validToDate - +validFromDate);
}
