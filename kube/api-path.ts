import type { ResourceRef } from './types.ts';

export interface PathParts {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** `/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE`; a list over all namespaces leaves the namespace out. */
export function apiPath({ group, version, plural, namespaced }: ResourceRef, parts: PathParts = {}): string {
  const { namespace, name, subresource } = parts;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const where = namespaced && namespace !== undefined ? ['namespaces', namespace] : [];
  const segments = [
    ...where,
    plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return [root, ...segments.map(encodeURIComponent)].join('/');
}
