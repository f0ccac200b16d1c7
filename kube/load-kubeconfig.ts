// kubeconfig files as kubectl writes them: the current context, inline data or paths beside the file.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type Connection, ConnectionError } from './connection.ts';
import { rereadToken } from './reread-token.ts';

const text = z.string().min(1);
const kubeconfig = z.object({
  'current-context': text,
  contexts: z.array(z.object({ name: text, context: z.object({ cluster: text, user: text }) })),
  clusters: z.array(
    z.object({
      name: text,
      cluster: z.object({
        server: z.url(),
        'certificate-authority': text.optional(),
        'certificate-authority-data': text.optional(),
        'tls-server-name': text.optional(),
        'insecure-skip-tls-verify': z.boolean().optional(),
      }),
    }),
  ),
  users: z.array(
    z.object({
      name: text,
      user: z.object({
        'client-certificate': text.optional(),
        'client-certificate-data': text.optional(),
        'client-key': text.optional(),
        'client-key-data': text.optional(),
        token: text.optional(),
        tokenFile: text.optional(),
        as: text.optional(),
        'as-groups': z.array(text).optional(),
        exec: z.unknown().optional(),
      }),
    }),
  ),
});
type Kubeconfig = z.infer<typeof kubeconfig>;
type Cluster = Kubeconfig['clusters'][number]['cluster'];
type User = Kubeconfig['users'][number]['user'];

/** Throws ConnectionError for what it cannot use: no current context, exec plugins, unverified TLS. */
export async function loadKubeconfig(path: string): Promise<Connection> {
  // Only here, which is outside clusters: the parser takes memory that an operator in its pod never needs.
  const { parse } = await import('yaml');
  const parsed = kubeconfig.safeParse(parse(await readFile(path, 'utf8'), { version: '1.1' }));
  if (!parsed.success) throw new ConnectionError(`${path}: ${z.prettifyError(parsed.error)}`);
  const { contexts, clusters, users, 'current-context': current } = parsed.data;
  const context = contexts.find(({ name }) => name === current)?.context;
  const cluster = clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = users.find(({ name }) => name === context?.user)?.user;
  if (cluster === undefined || user === undefined)
    throw new ConnectionError(`${path}: current-context ${current} names no cluster or no user of this file`);
  refuseUnsupported(path, cluster, user);
  const folder = dirname(path);
  return { ...(await connectCluster(cluster, folder)), ...(await connectUser(user, folder)) };
}

function refuseUnsupported(path: string, cluster: Cluster, user: User): void {
  if (cluster['insecure-skip-tls-verify'])
    throw new ConnectionError(`${path}: insecure-skip-tls-verify is refused; give certificate-authority-data instead`);
  if (user.exec !== undefined)
    throw new ConnectionError(`${path}: exec plugins are not run here; give a token or a client certificate instead`);
}

async function connectCluster(cluster: Cluster, folder: string): Promise<Connection> {
  const ca = await pem(cluster['certificate-authority-data'], cluster['certificate-authority'], folder);
  const serverName = cluster['tls-server-name'];
  return {
    server: new URL(cluster.server).origin,
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

async function connectUser(user: User, folder: string): Promise<Partial<Connection>> {
  const cert = await pem(user['client-certificate-data'], user['client-certificate'], folder);
  const key = await pem(user['client-key-data'], user['client-key'], folder);
  const { token, tokenFile, as } = user;
  return {
    ...(cert === undefined || key === undefined ? {} : { clientCertificate: { cert, key } }),
    ...(tokenFile === undefined ? {} : { token: rereadToken(resolve(folder, tokenFile)) }),
    ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
    ...(as === undefined ? {} : { impersonate: { user: as, groups: user['as-groups'] ?? [] } }),
  };
}

async function pem(data: string | undefined, path: string | undefined, folder: string): Promise<string | undefined> {
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  return path === undefined ? undefined : readFile(resolve(folder, path), 'utf8');
}
