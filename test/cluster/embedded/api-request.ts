// One request to the API server with the client certificate of a kubeconfig: enough to start a cluster with.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { parse } from 'yaml';
import { z } from 'zod';

const kubeconfigSchema = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) }))
    .min(1),
  users: z
    .array(z.object({ user: z.object({ 'client-certificate-data': z.string(), 'client-key-data': z.string() }) }))
    .min(1),
});

export interface ApiResponse {
  readonly status: number;
  readonly body: string;
}

export function apiRequest(kubeconfig: string, method: string, path: string, body?: unknown): Promise<ApiResponse> {
  const { clusters, users } = kubeconfigSchema.parse(parse(readFileSync(kubeconfig, 'utf8'), { version: '1.1' }));
  const cluster = clusters[0]?.cluster;
  const user = users[0]?.user;
  if (cluster === undefined || user === undefined) throw new Error(`${kubeconfig} names no cluster or no user`);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, cluster.server),
      {
        method,
        agent: false,
        timeout: 5_000,
        ca: fromBase64(cluster['certificate-authority-data']),
        cert: fromBase64(user['client-certificate-data']),
        key: fromBase64(user['client-key-data']),
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
      },
      incoming => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
        incoming.on('error', reject);
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path} took more than 5 s`)));
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
