// Requests to the API server as it is, with what only its headers carry: warnings.
import { Pool } from 'undici';
import { loadKubeconfig } from '../../kube/load-kubeconfig.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly message: string;
  /** `field` of each cause, where the answer is a refusal. */
  readonly fields: readonly string[];
  readonly object: StoredObject;
  readonly warnings: readonly string[];
}

export interface StoredObject {
  readonly metadata?: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface ApiCall {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'GET' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** User and groups to act as; default: the administrator. */
  readonly as?: { readonly user: string; readonly groups?: readonly string[] };
}

export interface ApiCaller {
  call(call: ApiCall): Promise<ApiAnswer>;
  close(): Promise<void>;
}

const timeoutMs = 30_000;

export async function openApiCaller(): Promise<ApiCaller> {
  const { server, ca, clientCertificate } = await loadKubeconfig(currentCluster().kubeconfigPath);
  // Over HTTP/2 several groups would become one header.
  const pool = new Pool(server, {
    allowH2: false,
    connect: { ...(ca === undefined ? {} : { ca }), ...clientCertificate },
  });
  return {
    call: async ({ method, path, body, contentType = 'application/json', query = {}, as }) => {
      const answer = await pool.request({
        method,
        path,
        query,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': contentType }),
          ...(as === undefined ? {} : { 'impersonate-user': as.user, 'impersonate-group': [...(as.groups ?? [])] }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const object = JSON.parse(await answer.body.text()) as StoredObject & {
        message?: string;
        details?: { causes?: { field: string }[] };
      };
      return {
        status: answer.statusCode,
        message: object.message ?? '',
        fields: (object.details?.causes ?? []).map(({ field }) => field),
        object,
        warnings: warningsIn(answer.headers['warning']),
      };
    },
    close: () => pool.destroy(),
  };
}

/** `299 - "text"`, several as several headers. */
function warningsIn(header: string | string[] | undefined): readonly string[] {
  return [header ?? []]
    .flat()
    .flatMap(text => [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(match => match[1] ?? ''));
}
