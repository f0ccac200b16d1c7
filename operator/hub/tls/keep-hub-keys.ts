// Secret creel-hub-tls, or the webhook's own: read, renewed where due, written back only by whom saw it last.
import { hubServerName } from '../../../protocol/constants.ts';
import type { Secret } from '../../core-types.ts';
import type { KubeClient, ObjectName } from '../../kube/types.ts';
import { resources } from '../../resources.ts';
import { type HubKeys, renewHubKeys } from './renew-hub-keys.ts';

const entries = {
  caCert: 'ca.crt',
  caKey: 'ca.key',
  nextCaCert: 'next-ca.crt',
  nextCaKey: 'next-ca.key',
  cert: 'tls.crt',
  key: 'tls.key',
} as const satisfies Record<keyof HubKeys, string>;

/** The keys to serve with now. Where another replica was quicker, its keys are taken. */
export async function keepHubKeys(
  client: KubeClient,
  name: ObjectName,
  nowMs: number,
  serverName: string = hubServerName,
): Promise<HubKeys> {
  const secret = await client.get(resources.secrets, name);
  const present = secret && decode(secret);
  const keys = renewHubKeys(present, serverName, nowMs);
  if (keys === present) return keys;
  const data = encode(keys);
  const written = secret
    ? await client.mergePatch(resources.secrets, name, {
        metadata: { uid: secret.metadata.uid, resourceVersion: secret.metadata.resourceVersion },
        data,
      })
    : await client.create(resources.secrets, { metadata: name, type: 'Opaque', data });
  if (written.ok) return keys;
  if (written.refusal.status === 409) return keepHubKeys(client, name, nowMs, serverName);
  throw new Error(`Secret ${name.namespace}/${name.name} cannot be written: ${written.refusal.message}`);
}

function decode({ data = {} }: Secret): HubKeys | undefined {
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

function encode(keys: HubKeys): Record<string, string> {
  const pairs = Object.entries(entries) as [keyof HubKeys, string][];
  return Object.fromEntries(pairs.map(([field, entry]) => [entry, Buffer.from(keys[field]).toString('base64')]));
}
