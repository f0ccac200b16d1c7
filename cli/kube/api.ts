// The few REST calls the CLI needs, as raw JSON: the official client's serializers drop fields they do not know.

import type { IncomingMessage } from 'node:http';
import type { KubeConfig } from '@kubernetes/client-node';
import { type KubeConfigOptions, loadKubeConfig } from './load-kube-config.ts';
import { sendRequest } from './send-request.ts';
import { textLines } from './text-lines.ts';

export interface Api {
  readonly config: KubeConfig;
  readonly namespace: string;
  get<T>(path: string): Promise<T>;
  /** Plain text, for logs. */
  text(path: string): Promise<string>;
  /** The lines of a text that goes on, until the signal ends or the server closes. */
  lines(path: string, signal: AbortSignal): AsyncGenerator<string>;
  create<T>(path: string, body: unknown): Promise<T>;
  mergePatch<T>(path: string, body: unknown): Promise<T>;
  delete<T>(path: string, body: unknown): Promise<T>;
  /** Watch events from `resourceVersion` on, until the signal ends or the server closes; `onOpen` once it has said yes. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the kind, as in get
  watch<T>(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
    onOpen?: () => void,
  ): AsyncGenerator<{ type: string; object: T }>;
}

export interface ApiOptions extends KubeConfigOptions {
  readonly namespace?: string;
}

/** Honours KUBECONFIG, --context, --as and --namespace like kubectl. */
export async function connectApi(options: ApiOptions): Promise<Api> {
  const config = await loadKubeConfig(options, process.env);
  const namespace = options.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  const send = (method: string, path: string, body?: unknown, contentType?: string, signal?: AbortSignal) =>
    sendRequest(config, { method, path, body, contentType, signal });
  return {
    config,
    namespace,
    get: path => send('GET', path).then(readJson) as Promise<never>,
    text: path => send('GET', path).then(readText),
    async *lines(path, signal) {
      yield* textLines(await send('GET', path, undefined, undefined, signal));
    },
    create: (path, body) => send('POST', withStrict(path), body, 'application/json').then(readJson) as Promise<never>,
    mergePatch: (path, body) =>
      send('PATCH', withStrict(path), body, 'application/merge-patch+json').then(readJson) as Promise<never>,
    delete: (path, body) => send('DELETE', path, body, 'application/json').then(readJson) as Promise<never>,
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the kind, as in get
    async *watch<T>(
      path: string,
      query: Readonly<Record<string, string>>,
      signal: AbortSignal,
      onOpen: () => void = () => undefined,
    ) {
      const search = new URLSearchParams({ ...query, watch: 'true', allowWatchBookmarks: 'true' });
      const response = await send('GET', `${path}?${search.toString()}`, undefined, undefined, signal);
      onOpen();
      for await (const line of textLines(response))
        if (line !== '') yield JSON.parse(line) as { type: string; object: T };
    },
  };
}

function withStrict(path: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}fieldValidation=Strict&fieldManager=kubectl-creel`;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  return JSON.parse(await readText(response));
}
