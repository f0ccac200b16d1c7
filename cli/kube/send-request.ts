import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { UserError } from '../user-error.ts';
import { ApiError } from './api-error.ts';
import { apiRemedies } from './api-remedies.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  /** With one the answer may go on for ever; without, each pause is bounded. */
  readonly signal?: AbortSignal | undefined;
}

const timeoutMs = 30_000;
/** A connection that goes on is asked for signs of life: a laptop that slept must not wait for ever. */
const keepAliveMs = 30_000;

/** One request as the kubeconfig's current user; anything but success is a UserError or, by the server, an ApiError. */
export async function sendRequest(config: KubeConfig, asked: ApiRequest): Promise<IncomingMessage> {
  const { method, path, body, contentType, signal } = asked;
  const url = new URL((config.getCurrentCluster()?.server ?? '').replace(/\/$/, '') + path);
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const options = {
    method,
    headers: {
      accept: 'application/json',
      ...(payload ? { 'content-type': contentType, 'content-length': payload.length } : {}),
    },
    ...(signal ? { signal } : {}),
  };
  await withCredentials(config, options);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (url.protocol === 'http:' ? httpRequest : httpsRequest)(url, options, resolve);
    if (signal) request.on('socket', socket => socket.setKeepAlive(true, keepAliveMs));
    else request.setTimeout(timeoutMs, () => request.destroy(tooSlow(url)));
    request.on('error', error =>
      reject(signal?.aborted || error instanceof UserError ? error : unreachable(url, error)),
    );
    request.end(payload);
  });
  if ((response.statusCode ?? 500) < 400) return response;
  throw await refusal(asked, response);
}

async function withCredentials(config: KubeConfig, options: object): Promise<void> {
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new UserError(
      `the kubeconfig's user ${config.getCurrentUser()?.name ?? ''} has no usable credentials: ${messageOf(error)}`,
      { try: ['kubectl auth whoami'] },
    );
  }
}

function tooSlow({ origin }: URL): UserError {
  return new UserError(`the API server at ${origin} did not answer within ${timeoutMs / 1000} s`, {
    try: ['kubectl cluster-info'],
  });
}

function unreachable({ origin }: URL, error: Error): UserError {
  return new UserError(`cannot reach the API server at ${origin}: ${messageOf(error)}`, {
    try: ['kubectl cluster-info', 'kubectl config get-contexts    # is it the right cluster?'],
  });
}

/** Several addresses that all failed have the reasons inside. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

async function refusal({ method, path }: ApiRequest, response: IncomingMessage): Promise<ApiError> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const { reason = 'Unknown', message } = parseStatus(text);
  const status = response.statusCode ?? 500;
  const said = message ?? `${method} ${path}: HTTP ${status}: ${text.slice(0, 200).trim()}`;
  return new ApiError(status, reason, said, apiRemedies({ method, path, status, message: said }));
}

function parseStatus(text: string): { reason?: string; message?: string } {
  try {
    return JSON.parse(text) as { reason?: string; message?: string };
  } catch {
    // Not a Status object (a proxy's error page): the caller quotes the text itself.
    return {};
  }
}
