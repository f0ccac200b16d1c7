import type { Key, KubeObject, ObjectName } from './types.ts';

/** `namespace/name`, or `name` for cluster-wide objects. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): Key {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function parseKey(key: Key): ObjectName {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
