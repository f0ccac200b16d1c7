// KubeClient over HTTP: which request each verb is, and which answers are values.
import { ApiError } from './api-error.ts';
import { apiPath, type PathParts } from './api-path.ts';
import { pageQuery, type RawList, readPage } from './list-page.ts';
import { isRefusal, readFailure } from './read-failure.ts';
import { type ApiRequest, noAnswer, type Transport } from './transport.ts';
import type {
  ApiFailure,
  ApplyOptions,
  Deleted,
  DeleteOptions,
  KubeClient,
  KubeObject,
  ListOptions,
  ObjectName,
  PostTarget,
  ResourceRef,
  Written,
} from './types.ts';

export interface KubeClientOptions {
  readonly transport: Transport;
  /** Name under which the API server remembers which fields are ours. */
  readonly fieldManager: string;
  /** Ends every request in flight. */
  readonly signal: AbortSignal;
  /** Asked before every write: who was paused and lost the lease meanwhile must not act on what it knew. */
  readonly mayWrite?: () => boolean;
}

const requestTimeoutMs = 30_000;
const notLeading: ApiFailure = { status: 0, reason: 'NotLeading', message: 'the leader lease is not held any more' };
const strict = { fieldValidation: 'Strict' };

type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly refusal: ApiFailure };

export function createKubeClient({ transport, fieldManager, signal, mayWrite }: KubeClientOptions): KubeClient {
  const ask = async (request: Omit<ApiRequest, 'signal'>): Promise<Answer> => {
    if (request.method !== 'GET' && mayWrite?.() === false) throw new ApiError(notLeading);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]);
    const { status, body, retryAfterMs } = await transport.send({ ...request, signal: limit });
    const value = await readJson(request, body);
    if (status < 300) return { ok: true, value };
    const failure = readFailure(status, value, retryAfterMs);
    if (isRefusal(failure)) return { ok: false, refusal: failure };
    throw new ApiError(failure);
  };
  const write = async <T>(request: Omit<ApiRequest, 'signal'>): Promise<Written<T>> => {
    const answer = await ask(request);
    return answer.ok ? { ok: true, object: answer.value as T } : answer;
  };
  const apply = <T extends KubeObject>(
    resource: ResourceRef<T>,
    object: T,
    options: ApplyOptions,
    subresource?: string,
  ) =>
    write<T>({
      method: 'PATCH',
      path: apiPath(resource, withSubresource(object.metadata, subresource)),
      query: { fieldManager, force: String(options.force ?? true), ...strict, ...managerOf(options) },
      // JSON is YAML, and the only spelling of it that says the same everywhere.
      contentType: 'application/apply-patch+yaml',
      body: { ...typeOf(resource), ...object },
    });
  const mergePatch = <T extends KubeObject>(
    resource: ResourceRef<T>,
    name: ObjectName,
    patch: unknown,
    subresource?: string,
  ) =>
    write<T>({
      method: 'PATCH',
      path: apiPath(resource, withSubresource(name, subresource)),
      query: { fieldManager, ...strict },
      contentType: 'application/merge-patch+json',
      body: patch,
    });
  return {
    get: async <T extends KubeObject>(resource: ResourceRef<T>, name: ObjectName) => {
      const answer = await ask({ method: 'GET', path: apiPath(resource, name) });
      if (answer.ok) return answer.value as T;
      if (answer.refusal.status === 404) return undefined;
      throw new ApiError(answer.refusal);
    },
    list: (resource, options = {}) => listAll(ask, resource, options),
    create: <T extends KubeObject>(resource: ResourceRef<T>, object: T) =>
      write<T>({
        method: 'POST',
        path: apiPath(resource, namespaceOf(object.metadata)),
        query: { fieldManager, ...strict },
        body: { ...typeOf(resource), ...object },
      }),
    apply: (resource, object, options = {}) => apply(resource, object, options),
    applyStatus: (resource, object, options = {}) => apply(resource, object, options, 'status'),
    mergePatch,
    patchStatus: (resource, name, patch) => mergePatch(resource, name, patch, 'status'),
    delete: async (resource, name, options = {}) => {
      const answer = await ask({ method: 'DELETE', path: apiPath(resource, name), body: deleteBody(options) });
      return answer.ok || answer.refusal.status === 404 ? ({ ok: true } satisfies Deleted) : answer;
    },
    post: async <T>(resource: ResourceRef, target: PostTarget, body: unknown) => {
      const answer = await ask({
        method: 'POST',
        path: apiPath(resource, target),
        body: { ...typeOf(resource), ...(body as object) },
      });
      if (answer.ok) return answer.value as T;
      throw new ApiError(answer.refusal);
    },
  };
}

/** A continue token that expired half-way starts the list again: part of a list is no list. */
async function listAll<T extends KubeObject>(
  ask: (request: Omit<ApiRequest, 'signal'>) => Promise<Answer>,
  resource: ResourceRef<T>,
  options: ListOptions,
): Promise<readonly T[]> {
  const path = apiPath(resource, namespaceOf(options));
  const items: T[] = [];
  let continueToken: string | undefined;
  do {
    const answer = await ask({ method: 'GET', path, query: pageQuery(options, continueToken) });
    if (!answer.ok && answer.refusal.status === 410 && continueToken !== undefined)
      return listAll(ask, resource, options);
    if (!answer.ok) throw new ApiError(answer.refusal);
    const page = readPage(resource, answer.value as RawList<T>);
    items.push(...page.items);
    continueToken = page.continueToken;
  } while (continueToken !== undefined);
  return items;
}

async function readJson(
  request: Pick<ApiRequest, 'method' | 'path'>,
  body: { text(): Promise<string> },
): Promise<unknown> {
  try {
    const text = await body.text();
    return text.startsWith('{') ? (JSON.parse(text) as unknown) : { message: text.slice(0, 512) };
  } catch (error) {
    // Cut in the middle: whether a write was done is unknown, and every write of ours can be repeated.
    throw noAnswer(request, error);
  }
}

function typeOf({ group, version, kind }: ResourceRef): { apiVersion: string; kind: string } {
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind };
}

function withSubresource({ namespace, name }: ObjectName, subresource: string | undefined): PathParts {
  return { ...namespaceOf({ namespace }), name, ...(subresource === undefined ? {} : { subresource }) };
}

function namespaceOf({ namespace }: { readonly namespace?: string | undefined }): { namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

function managerOf({ fieldManager }: ApplyOptions): Record<string, string> {
  return fieldManager === undefined ? {} : { fieldManager };
}

function deleteBody({ uid, resourceVersion, propagation, gracePeriodSeconds }: DeleteOptions): unknown {
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    propagationPolicy: propagation ?? 'Background',
  };
}
