import { apiVersion } from '../../crds/schema/group.ts';

export type Plural = 'sandboxes' | 'egresspolicies' | 'inferenceprofiles' | 'approvalrequests';

/** REST path of a namespaced Creel resource; without a name the collection, without a namespace that of the whole cluster. */
export function creelPath(namespace: string | undefined, plural: Plural, name?: string): string {
  const home = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const base = `/apis/${apiVersion}${home}/${plural}`;
  return name === undefined ? base : `${base}/${encodeURIComponent(name)}`;
}
