// What controllers see of the API server. Objects are raw JSON: nothing is dropped or renamed on the way.
import type { StoredMetadata } from '../../crds/schema/metadata.ts';

/** Any stored object; kinds of ours and types of @kubernetes/client-node (types only) fit it. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: StoredMetadata;
}

/** One resource of the API, by its REST name. */
export interface Resource {
  /** `creel.dev/v1alpha1`, `v1`, `networking.k8s.io/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

/** What is sent: an object that need not have been stored yet. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly generateName?: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

export interface DeleteOptions {
  /** Precondition: delete only this very object. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

export interface ApplyOptions {
  readonly fieldManager?: string;
  /** Precondition: server-side apply would otherwise silently adopt a foreign object of that name. */
  readonly uid?: string;
  readonly force?: boolean;
}

/** Every call rejects with KubeError for an answer of 400 and above, with a TypeError or SystemError when there is none. */
export interface KubeClient {
  /** undefined when there is none (404). */
  get<T extends KubeObject>(resource: Resource, ref: ObjectRef): Promise<T | undefined>;
  /** All pages; namespace undefined = of the whole cluster. */
  list<T extends KubeObject>(resource: Resource, namespace?: string, query?: Readonly<Record<string, string>>): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }>;
  create<T extends KubeObject>(resource: Resource, manifest: Manifest): Promise<T>;
  /** Server-side apply. */
  apply<T extends KubeObject>(resource: Resource, manifest: Manifest, options?: ApplyOptions): Promise<T>;
  /** JSON merge patch of the object; `metadata.resourceVersion` or `uid` in the body are preconditions. */
  patch<T extends KubeObject>(resource: Resource, ref: ObjectRef, body: unknown): Promise<T>;
  /** JSON merge patch of the status subresource. */
  patchStatus<T extends KubeObject>(resource: Resource, ref: ObjectRef, body: unknown): Promise<T>;
  replace<T extends KubeObject>(resource: Resource, manifest: Manifest): Promise<T>;
  /** False when it was gone already. */
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;
  /** POST to any path, for reviews (TokenReview, SubjectAccessReview). */
  post<T>(path: string, body: unknown): Promise<T>;
  /** GET of any path. */
  raw<T>(path: string): Promise<T>;
  /** One watch request: lines of the stream until it ends, fails or the signal aborts. */
  watch(resource: Resource, query: Readonly<Record<string, string>>, signal: AbortSignal): AsyncIterable<WatchEvent>;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** A change as the store announces it, after it holds the new state. */
export type Change<T> =
  | { readonly type: 'set'; readonly object: T; readonly old?: T }
  | { readonly type: 'delete'; readonly old: T };

/** The cache of one resource. */
export interface Store<T extends KubeObject> {
  get(ref: ObjectRef): T | undefined;
  getByUid(uid: string): T | undefined;
  list(namespace?: string): readonly T[];
  /** Objects whose label has that value. */
  byLabel(label: string, value: string, namespace?: string): readonly T[];
  /** Called synchronously, in order, for every change after subscribing; the returned function ends it. */
  subscribe(listener: (change: Change<T>) => void): () => void;
  /** Takes what a write returned, so that the next reconcile does not act on the past. Older versions are ignored. */
  observe(object: T): void;
}

export type Result = { readonly again: 'never' } | { readonly again: 'after'; readonly ms: number };

/** One kind of work. A rejection is retried with backoff; the same key never runs twice at once. */
export type Reconcile = (ref: ObjectRef, signal: AbortSignal) => Promise<Result>;

export interface Queue {
  add(ref: ObjectRef): void;
  addAfter(ref: ObjectRef, ms: number): void;
}

export interface EventRecorder {
  /** `reason` is CamelCase from a closed list; equal ones are counted, not repeated. */
  record(regarding: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface Clock {
  nowMs(): number;
}
