// The few REST calls the CLI needs, as raw JSON: the official client's serializers drop fields they do not know.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { UserError } from '../user-error.ts';
import { ApiError } from './api-error.ts';

export interface Api {
  readonly config: KubeConfig;
  readonly namespace: string;
  get<T>(path: string): Promise<T>;
  /** Plain text, for logs. */
  text(path: string): Promise<string>;
  create<T>(path: string, body: unknown): Promise<T>;
  mergePatch<T>(path: string, body: unknown): Promise<T>;
  /** Watch events from `resourceVersion` on, until the signal ends or the server closes. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the kind, as in get
  watch<T>(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<{ type: string; object: T }>;
}

const timeoutMs = 30_000;

/** Honours KUBECONFIG, --context and --namespace like kubectl. */
export async function connectApi(options: { context?: string; namespace?: string; kubeconfig?: string }): Promise<Api> {
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const config = new Config();
  if (options.kubeconfig) config.loadFromFile(options.kubeconfig);
  else config.loadFromDefault();
  if (options.context) config.setCurrentContext(options.context);
  const context = config.getContextObject(config.getCurrentContext());
  // Where nothing is configured, the library makes up a server on localhost.
  const isMadeUp = config.getCurrentCluster()?.server === 'http://localhost:8080';
  if (!context || !config.getCurrentCluster() || isMadeUp) {
    throw new UserError(
      'no Kubernetes cluster is configured: set KUBECONFIG, or start one with `npm run cluster -- up`',
    );
  }
  const namespace = options.namespace ?? context.namespace ?? 'default';
  const send = (method: string, path: string, body?: unknown, contentType?: string, signal?: AbortSignal) =>
    open(config, method, path, body, contentType, signal);
  return {
    config,
    namespace,
    get: path => send('GET', path).then(readJson) as Promise<never>,
    text: path => send('GET', path).then(readText),
    create: (path, body) => send('POST', path, body, 'application/json').then(readJson) as Promise<never>,
    mergePatch: (path, body) =>
      send('PATCH', withStrict(path), body, 'application/merge-patch+json').then(readJson) as Promise<never>,
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the kind, as in get
    async *watch<T>(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal) {
      const search = new URLSearchParams({ ...query, watch: 'true', allowWatchBookmarks: 'true' });
      const response = await send('GET', `${path}?${search.toString()}`, undefined, undefined, signal);
      let rest = '';
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line) yield JSON.parse(line) as { type: string; object: T };
      }
    },
  };
}

function withStrict(path: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}fieldValidation=Strict&fieldManager=kubectl-creel`;
}

async function open(
  config: KubeConfig,
  method: string,
  path: string,
  body?: unknown,
  contentType?: string,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const server = config.getCurrentCluster()?.server ?? '';
  const url = new URL(server.replace(/\/$/, '') + path);
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const options = {
    method,
    headers: {
      accept: 'application/json',
      ...(payload ? { 'content-type': contentType, 'content-length': payload.length } : {}),
    },
    ...(signal ? { signal } : { timeout: timeoutMs }),
  };
  await config.applyToHTTPSOptions(options);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (url.protocol === 'http:' ? httpRequest : httpsRequest)(url, options, resolve);
    request.on('timeout', () =>
      request.destroy(new UserError(`the API server at ${url.origin} did not answer within ${timeoutMs / 1000} s`)),
    );
    request.on('error', error =>
      reject(
        signal?.aborted || error instanceof UserError
          ? error
          : new UserError(`cannot reach the API server at ${url.origin}: ${error.message}`),
      ),
    );
    request.end(payload);
  });
  if ((response.statusCode ?? 500) < 400) return response;
  const text = await readText(response);
  const status = parseStatus(text);
  throw new ApiError(
    response.statusCode ?? 500,
    status.reason ?? 'Unknown',
    status.message ?? `${method} ${path}: HTTP ${response.statusCode}: ${text.slice(0, 200)}`,
  );
}

function parseStatus(text: string): { reason?: string; message?: string } {
  try {
    return JSON.parse(text) as { reason?: string; message?: string };
  } catch {
    // Not a Status object (a proxy's error page): the caller quotes the text itself.
    return {};
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  return JSON.parse(await readText(response));
}
