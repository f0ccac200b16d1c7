// What controllers and hub program against: Kubernetes without business words. Implementations lie beside it, one a file.

/** The part of every object this package reads; kinds add their own fields. */
import type { OwnerReference } from '../crds/schema/metadata.ts';
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** One served resource. T travels along, so that `client.get(resources.sandboxes, …)` answers a Sandbox. */
export interface ResourceRef<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: carries T for the compiler. */
  readonly objectType?: T;
}

/** Where one object is; `namespace` is absent for cluster-wide resources. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** Why the API server said no, or why nobody knows whether it did. `reason` is the Status's (`Conflict`, `Forbidden` …). */
export interface ApiFailure {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  /** From `Retry-After`. */
  readonly retryAfterMs?: number;
}

/**
 * What became of a write. Refusals (4xx: AlreadyExists, Conflict, NotFound, Invalid, Forbidden …) are values;
 * 408, 429, 5xx and broken connections are thrown as ApiError: the queue backs off and tries again.
 */
export type Written<T> =
  | { readonly ok: true; readonly object: T }
  | { readonly ok: false; readonly refusal: ApiFailure };

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ApplyOptions {
  readonly fieldManager?: string;
  /** Default true: what we declare is ours. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  /** The object that was seen; another one of the same name is left alone (Conflict). */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

export interface KubeClient {
  /** undefined on 404; throws ApiError on everything else that is no object (403 too). */
  get<T extends KubeObject>(resource: ResourceRef<T>, name: ObjectName): Promise<T | undefined>;
  /** Every page; never a partial list. */
  list<T extends KubeObject>(resource: ResourceRef<T>, options?: ListOptions): Promise<readonly T[]>;
  /** POST with strict field validation. */
  create<T extends KubeObject>(resource: ResourceRef<T>, object: T): Promise<Written<T>>;
  /**
   * Server-side apply. Put the uid that was observed into `metadata.uid`: another object of that name is then a Conflict
   * instead of being adopted. Without a uid it creates.
   */
  apply<T extends KubeObject>(resource: ResourceRef<T>, object: T, options?: ApplyOptions): Promise<Written<T>>;
  /** Server-side apply of the status subresource; `metadata.uid` likewise. */
  applyStatus<T extends KubeObject>(resource: ResourceRef<T>, object: T, options?: ApplyOptions): Promise<Written<T>>;
  /** JSON merge patch. Put uid or resourceVersion into `patch.metadata` as precondition. */
  mergePatch<T extends KubeObject>(
    resource: ResourceRef<T>,
    name: ObjectName,
    patch: unknown,
    subresource?: string,
  ): Promise<Written<T>>;
  /** JSON merge patch of the status subresource. */
  patchStatus<T extends KubeObject>(resource: ResourceRef<T>, name: ObjectName, patch: unknown): Promise<Written<T>>;
  /** Gone already counts as done; a uid or resourceVersion that differs is a refusal. */
  delete(resource: ResourceRef, name: ObjectName, options?: DeleteOptions): Promise<Deleted>;
  /** POSTs an object that is answered and not stored (TokenReview, SubjectAccessReview), or a subresource of one that is. */
  post<Answer>(resource: ResourceRef, name: PostTarget, body: unknown): Promise<Answer>;
}

/** `{}` for a review; `{namespace, name, subresource}` for one such as `eviction`. */
export interface PostTarget {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export type Deleted = { readonly ok: true } | { readonly ok: false; readonly refusal: ApiFailure };

export type Change<T extends KubeObject> =
  | { readonly type: 'Added'; readonly object: T }
  | { readonly type: 'Modified'; readonly object: T; readonly before: T }
  | { readonly type: 'Deleted'; readonly object: T };

/** An indexed copy of what the API server has, kept by one watch. Objects in it are frozen by agreement: never change them. */
export interface Store<T extends KubeObject> {
  get(name: ObjectName): T | undefined;
  byUid(uid: string): T | undefined;
  /** In no particular order; of one namespace, or all. */
  list(namespace?: string): readonly T[];
  /** By an index given when the store was made. */
  byIndex(index: string, value: string): readonly T[];
  /** Called in the same tick as the watch event, after the store has it. A listener must not throw. */
  subscribe(listener: (change: Change<T>) => void, signal: AbortSignal): void;
  /** Resolves when the first list is complete. */
  synced(): Promise<void>;
}

/** Values under which an object is found; an index must be a pure function of the object. */
export type Indexes<T extends KubeObject> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** `namespace/name`, or `name` for cluster-wide objects. */
export type Key = string;

/** Keyed work: a key waits at most once, and never runs twice at the same time. */
export interface Queue {
  add(key: Key): void;
  /** The earliest of several wins. */
  addAfter(key: Key, delayMs: number): void;
}

export type ReconcileResult =
  | { readonly type: 'Done' }
  /** Look again then, though nothing may have changed: expiry, a renewal. */
  | { readonly type: 'Again'; readonly afterMs: number };

/** Throwing means: broken infrastructure or a bug; the key comes back with backoff. */
export interface Reconciler {
  readonly name: string;
  reconcile(key: Key, signal: AbortSignal): Promise<ReconcileResult>;
}

/** Kubernetes Events. Equal ones within a while are one object with a count; best effort, never fails a reconcile. */
export interface EventRecorder<Reason extends string = string> {
  record(
    regarding: KubeObject & { readonly kind: string; readonly apiVersion: string },
    event: KubeEvent<Reason>,
  ): void;
}

export interface KubeEvent<Reason extends string = string> {
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly note: string;
}

export interface Clock {
  nowMs(): number;
  /** Calls `run` once after `delayMs`, unless the signal aborts before. */
  after(delayMs: number, run: () => void, signal: AbortSignal): void;
}
