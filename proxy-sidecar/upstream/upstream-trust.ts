import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

/** The roots that upstream servers are verified against: PEM bundles, one that is absent or empty adds nothing. Read at the first call. */
export function createUpstreamTrust(rootFiles: readonly string[]): () => SecureContext {
  let trust: SecureContext | undefined;
  return () => {
    trust ??= createSecureContext({
      ca: rootFiles.map(readOptional).filter(pem => pem.includes('BEGIN CERTIFICATE')),
      minVersion: 'TLSv1.2',
    });
    return trust;
  };
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
