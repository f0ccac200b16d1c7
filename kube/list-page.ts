import type { ListPage } from '../engine/watch/watch-state.ts';
import type { KubeObject, ListOptions, ResourceRef } from './types.ts';

/** The wire form; items of a list carry neither kind nor apiVersion. */
export interface RawList<T extends KubeObject> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[] | null;
}

const pageSize = 500;

/** No resourceVersion: the list is a consistent read, never a cache's past. */
export function pageQuery(options: ListOptions, continueToken: string | undefined): Record<string, string> {
  const { labelSelector, fieldSelector } = options;
  return {
    limit: String(pageSize),
    ...(continueToken === undefined ? {} : { continue: continueToken }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}

export function readPage<T extends KubeObject>(resource: ResourceRef<T>, raw: RawList<T>): ListPage<T> {
  const { metadata, items } = raw;
  const { group, version, kind } = resource;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return {
    items: (items ?? []).map(item => ({ ...item, apiVersion, kind })),
    resourceVersion: metadata.resourceVersion ?? '',
    ...(metadata.continue === undefined || metadata.continue === '' ? {} : { continueToken: metadata.continue }),
  };
}
