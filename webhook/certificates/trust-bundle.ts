// What the API server trusts as this webhook: the authorities of now and of later, and those of before until they end, because
// another replica may still serve what one of them signed.
import { X509Certificate } from 'node:crypto';

const maxKept = 6;

/** PEM of all, newest first among those kept; `present` is what stands there, in whatever order and state. */
export function extendTrust(present: string, wanted: string, nowMs: number): string {
  const own = certificatesIn(wanted);
  const kept = certificatesIn(present)
    .filter(pem => !own.includes(pem) && isAlive(pem, nowMs))
    .sort((a, b) => startOf(b) - startOf(a))
    .slice(0, maxKept - own.length);
  return [...own, ...kept].map(pem => `${pem}\n`).join('');
}

function certificatesIn(text: string): string[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  return [...new Set(found.map(pem => pem.trim()).filter(isReadable))];
}

function isReadable(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    // Somebody's edit: what cannot be read is trusted by nobody.
    return false;
  }
}

function isAlive(pem: string, nowMs: number): boolean {
  return +new X509Certificate(pem).validToDate > nowMs;
}

function startOf(pem: string): number {
  return +new X509Certificate(pem).validFromDate;
}
