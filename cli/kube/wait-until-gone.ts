import type { Api } from './api.ts';
import { ApiError } from './api-error.ts';

interface Named {
  readonly metadata: { readonly name: string; readonly uid: string };
}

/** Whether the object, or the one of its name that this was, went away in the time. */
export async function waitUntilGone(api: Api, path: string, { metadata }: Named, timeoutMs: number): Promise<boolean> {
  const now = await current(api, path);
  if (now === undefined || now.metadata.uid !== metadata.uid) return true;
  const signal = AbortSignal.timeout(timeoutMs);
  const query = { fieldSelector: `metadata.name=${metadata.name}`, resourceVersion: now.metadata.resourceVersion };
  try {
    const collection = path.slice(0, path.lastIndexOf('/'));
    for await (const { type } of api.watch<Named>(collection, query, signal)) if (type === 'DELETED') return true;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return (await current(api, path))?.metadata.uid !== metadata.uid;
}

async function current(
  api: Api,
  path: string,
): Promise<{ metadata: { uid: string; resourceVersion: string } } | undefined> {
  try {
    return await api.get(path);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
