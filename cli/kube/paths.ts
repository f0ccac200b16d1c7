import { apiVersion } from '../../crds/schema/group.ts';

type Plural = 'sandboxes' | 'egresspolicies' | 'inferenceprofiles' | 'approvalrequests';

/** REST path of a namespaced Creel resource; without a name the collection. */
export function creelPath(namespace: string, plural: Plural, name?: string): string {
  const base = `/apis/${apiVersion}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
  return name === undefined ? base : `${base}/${encodeURIComponent(name)}`;
}
