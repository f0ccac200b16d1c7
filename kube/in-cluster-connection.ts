import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, ConnectionError } from './connection.ts';
import { rereadToken } from './reread-token.ts';

const defaultFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The connection of a pod: its service account's token, re-read as it rotates. */
export async function inClusterConnection(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string = defaultFolder,
): Promise<Connection> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (host === undefined || port === undefined)
    throw new ConnectionError('not in a pod (KUBERNETES_SERVICE_HOST is not set); set KUBECONFIG to a kubeconfig file');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: await readFile(join(folder, 'ca.crt'), 'utf8'),
    token: rereadToken(join(folder, 'token')),
  };
}
