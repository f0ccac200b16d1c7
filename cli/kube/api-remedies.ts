// What to type after a refusal of the API server: one table, by its status and by what was asked for.
import { group } from '../../crds/schema/group.ts';

/** Resource as it stands in a path → the command that lists what there is. */
const lists: Readonly<Record<string, string>> = {
  sandboxes: 'kubectl creel get sandboxes',
  approvalrequests: 'kubectl creel approvals --all',
  inferenceprofiles: 'kubectl creel inference list',
  egresspolicies: 'kubectl creel get policies',
};
const verbs: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', PATCH: 'patch', DELETE: 'delete' };

export interface Refused {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly message: string;
}

/** Commands that help; none where the message itself says enough. */
export function apiRemedies({ method, path, status, message }: Refused): readonly string[] {
  const match = /^\/apis?\/(?:[^/]+\/)?v[^/]+(?:\/namespaces\/([^/]+))?\/([^/?]+)(?:\/([^/?]+))?/.exec(path);
  const [, namespace, resource = '', name] = match ?? [];
  const scope = namespace === undefined ? '' : ` -n ${namespace}`;
  if (status === 404 && path.startsWith(`/apis/${group}/`) && !message.includes('"'))
    return ['kubectl creel doctor    # is Creel installed in this cluster?'];
  const list = lists[resource];
  if (status === 404 && list !== undefined) return [`${list}${scope}`];
  if (status === 403 && /cannot \w+ resource/.test(message)) {
    const of = path.startsWith('/apis/') ? `${resource}.${path.split('/')[2]}` : resource;
    const verb = method === 'GET' && name === undefined ? 'list' : (verbs[method] ?? method.toLowerCase());
    return [
      `kubectl auth can-i ${verb} ${of}${scope}    # ask who runs the cluster for ClusterRole creel-user or creel-approver`,
    ];
  }
  if (status === 401) return ['kubectl auth whoami    # your credentials are refused: log in again'];
  if (status === 409) return ['the same command again: the object has changed since it was read'];
  return [];
}
