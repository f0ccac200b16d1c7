// Secret creel-hub-tls, or the webhook's own: read, renewed where due, written back only by whom saw it last.
import type { KubeClient, ObjectName } from '../types.ts';
import { renewServerKeys, type ServerKeys } from './renew-server-keys.ts';
import { type Secret, secrets } from './secret.ts';

const entries = {
  caCert: 'ca.crt',
  caKey: 'ca.key',
  nextCaCert: 'next-ca.crt',
  nextCaKey: 'next-ca.key',
  cert: 'tls.crt',
  key: 'tls.key',
} as const satisfies Record<keyof ServerKeys, string>;

/** The keys to serve with now. Where another replica was quicker, its keys are taken. */
export async function keepServerKeys(
  client: KubeClient,
  name: ObjectName,
  nowMs: number,
  serverName: string,
): Promise<ServerKeys> {
  const secret = await client.get(secrets, name);
  const present = secret && decode(secret);
  const keys = renewServerKeys(present, serverName, nowMs);
  if (keys === present) return keys;
  const data = encode(keys);
  const written = secret
    ? await client.mergePatch(secrets, name, {
        metadata: { uid: secret.metadata.uid, resourceVersion: secret.metadata.resourceVersion },
        data,
      })
    : await client.create(secrets, { metadata: name, type: 'Opaque', data });
  if (written.ok) return keys;
  if (written.refusal.status === 409) return keepServerKeys(client, name, nowMs, serverName);
  throw new Error(`Secret ${name.namespace}/${name.name} cannot be written: ${written.refusal.message}`);
}

function decode({ data = {} }: Secret): ServerKeys | undefined {
  const read = (entry: string) => Buffer.from(data[entry] ?? '', 'base64').toString('utf8');
  return {
    caCert: read(entries.caCert),
    caKey: read(entries.caKey),
    nextCaCert: read(entries.nextCaCert),
    nextCaKey: read(entries.nextCaKey),
    cert: read(entries.cert),
    key: read(entries.key),
  };
}

function encode(keys: ServerKeys): Record<string, string> {
  const pairs = Object.entries(entries) as [keyof ServerKeys, string][];
  return Object.fromEntries(pairs.map(([field, entry]) => [entry, Buffer.from(keys[field]).toString('base64')]));
}
