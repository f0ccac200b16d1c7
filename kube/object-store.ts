// What one watch has seen, indexed. Changes reach listeners in the same tick: an approval must not wait for a queue.

import type { StoreChange } from '../engine/watch/watch-state.ts';
import { keyOf } from './keys.ts';
import type { Change, Indexes, Key, KubeObject, ObjectName, Store } from './types.ts';

export class ObjectStore<T extends KubeObject> implements Store<T> {
  readonly #objects = new Map<Key, T>();
  readonly #uids = new Map<string, Key>();
  /** index → value → keys. The namespace is an index like others. */
  readonly #indexed = new Map<string, Map<string, Set<Key>>>();
  readonly #indexes: ReadonlyMap<string, (object: T) => readonly string[]>;
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #trim: (object: T) => T;
  readonly #synced = Promise.withResolvers<void>();

  /** `trim` drops what nobody here reads before it is kept. */
  constructor(indexes: Indexes<T> = {}, trim: (object: T) => T = withoutManagedFields) {
    this.#trim = trim;
    this.#indexes = new Map([...Object.entries(indexes), [namespaceIndex, namespacesOf]]);
    for (const index of this.#indexes.keys()) this.#indexed.set(index, new Map());
  }

  get(name: ObjectName): T | undefined {
    return this.#objects.get(name.namespace === undefined ? name.name : `${name.namespace}/${name.name}`);
  }

  byUid(uid: string): T | undefined {
    const key = this.#uids.get(uid);
    return key === undefined ? undefined : this.#objects.get(key);
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.byIndex(namespaceIndex, namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexed.get(index);
    if (values === undefined) throw new Error(`this store has no index ${index}`);
    return [...(values.get(value) ?? [])].flatMap(key => this.#objects.get(key) ?? []);
  }

  subscribe(listener: (change: Change<T>) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** What the watch says. A Replace deletes what it does not name: it went while nobody was looking. */
  take(change: StoreChange<T>): void {
    switch (change.type) {
      case 'Put':
        return this.#put(change.object);
      case 'Remove':
        return this.#remove(keyOf(change.object), change.object);
      case 'Replace':
        return this.#replace(change.objects);
    }
  }

  #replace(objects: readonly T[]): void {
    const present = new Set(objects.map(keyOf));
    for (const key of this.#objects.keys()) if (!present.has(key)) this.#remove(key);
    for (const object of objects) this.#put(object);
    this.#synced.resolve();
  }

  #put(object: T): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before !== undefined && before.metadata.resourceVersion === object.metadata.resourceVersion) return;
    // Another uid under the same name: the old one was deleted, and whatever was bound to it must hear so.
    if (before !== undefined && before.metadata.uid !== object.metadata.uid) return this.#recreate(key, object);
    const kept = this.#trim(object);
    if (before) this.#unindex(key, before);
    this.#objects.set(key, kept);
    this.#index(key, kept);
    this.#tell(before ? { type: 'Modified', object: kept, before } : { type: 'Added', object: kept });
  }

  #recreate(key: Key, object: T): void {
    this.#remove(key);
    this.#put(object);
  }

  #remove(key: Key, last?: T): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    this.#unindex(key, before);
    this.#tell({ type: 'Deleted', object: last ?? before });
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) listener(change);
  }

  #index(key: Key, object: T): void {
    if (object.metadata.uid !== undefined) this.#uids.set(object.metadata.uid, key);
    for (const [index, valuesOf] of this.#indexes) {
      const entries = this.#indexed.get(index);
      for (const value of valuesOf(object)) {
        const keys = entries?.get(value);
        if (keys) keys.add(key);
        else entries?.set(value, new Set([key]));
      }
    }
  }

  #unindex(key: Key, object: T): void {
    if (object.metadata.uid !== undefined) this.#uids.delete(object.metadata.uid);
    for (const [index, valuesOf] of this.#indexes) {
      const entries = this.#indexed.get(index);
      for (const value of valuesOf(object)) {
        const keys = entries?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) entries?.delete(value);
      }
    }
  }
}

const namespaceIndex = 'namespace';

function namespacesOf({ metadata: { namespace } }: KubeObject): readonly string[] {
  return namespace === undefined ? [] : [namespace];
}

/** Half of an object's size, and nobody here reads it. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!('managedFields' in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
