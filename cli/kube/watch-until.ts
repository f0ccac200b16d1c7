import type { Api } from './api.ts';

interface Named {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string | undefined };
}

/** Follows one object from the version in hand until `done` holds; undefined when the time is up or it was deleted. */
export async function watchUntil<T extends Named>(
  api: Api,
  path: string,
  from: T,
  done: (object: T) => boolean,
  timeoutMs: number,
): Promise<T | undefined> {
  if (done(from)) return from;
  const collection = path.slice(0, path.lastIndexOf('/'));
  const signal = AbortSignal.timeout(timeoutMs);
  const query = {
    fieldSelector: `metadata.name=${from.metadata.name}`,
    resourceVersion: from.metadata.resourceVersion ?? '0',
  };
  try {
    for await (const { type, object } of api.watch<T>(collection, query, signal)) {
      if (type === 'DELETED') return undefined;
      if ((type === 'ADDED' || type === 'MODIFIED') && done(object)) return object;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return undefined;
}
