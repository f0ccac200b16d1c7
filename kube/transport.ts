// One request to the API server over a pool of kept-alive connections. What an answer means is decided by its callers.
import { Pool } from 'undici';
import { ApiError } from './api-error.ts';
import type { Connection } from './connection.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Covers the head, and the body as far as it is read. */
  readonly signal: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly retryAfterMs?: number;
  /** Read it, or the connection stays taken. */
  readonly body: AsyncIterable<Buffer> & { text(): Promise<string> };
}

export interface Transport {
  /** Throws ApiError with status 0 where no answer came. */
  send(request: ApiRequest): Promise<ApiResponse>;
  close(): Promise<void>;
}

const connectTimeoutMs = 5_000;
/** A dead peer is noticed after about 20 s: the first probe, then ten a second apart. */
const keepAliveDelayMs = 10_000;
/** Less than the 90 s after which the API server closes an idle connection. */
const idleMs = 60_000;

export function openTransport(connection: Connection): Transport {
  const { server, ca, serverName, clientCertificate, token, impersonate } = connection;
  const pool = new Pool(server, {
    // One connection a request: over HTTP/2 all would share a half-open one, and giving up a stream would keep it.
    allowH2: false,
    connect: {
      timeout: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
      ...(ca === undefined ? {} : { ca }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...clientCertificate,
    },
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    // Every caller brings its own limit: a watch is silent for long, and has its own eye on that.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    send: async request => {
      const headers = await headersOf(request, token, impersonate);
      try {
        return await exchange(pool, request, headers);
      } catch (error) {
        throw noAnswer(request, error);
      }
    },
    close: () => pool.destroy(),
  };
}

async function exchange(
  pool: Pool,
  request: ApiRequest,
  headers: Record<string, string | string[]>,
): Promise<ApiResponse> {
  const {
    statusCode,
    headers: answered,
    body,
  } = await pool.request({
    method: request.method,
    path: request.path,
    headers,
    signal: request.signal,
    ...(request.query === undefined ? {} : { query: request.query }),
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  const seconds = Number(answered['retry-after']);
  return { status: statusCode, body, ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}) };
}

async function headersOf(
  { body, contentType }: ApiRequest,
  token: Connection['token'],
  impersonate: Connection['impersonate'],
): Promise<Record<string, string | string[]>> {
  return {
    accept: 'application/json',
    'user-agent': 'creel',
    ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${await token()}` }),
    ...(impersonate === undefined
      ? {}
      : { 'impersonate-user': impersonate.user, 'impersonate-group': [...impersonate.groups] }),
  };
}

/** An abort stays what it is; everything else that undici throws is a connection that did not carry an answer. */
export function noAnswer({ method, path }: Pick<ApiRequest, 'method' | 'path'>, error: unknown): unknown {
  if (error instanceof ApiError || (error instanceof Error && error.name === 'AbortError')) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError({ status: 0, reason: 'NoAnswer', message: `${method} ${path}: ${message}` }, { cause: error });
}
