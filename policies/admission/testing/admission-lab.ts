// A real API server with the given objects of all cases; requests are sent as the cases' users, by impersonation.

import { loadKubeconfig } from '../../../kube/load-kubeconfig.ts';
import { type ApiRequest, openTransport, type Transport } from '../../../kube/transport.ts';
import { currentCluster } from '../../../test/cluster/current-cluster.ts';
import type { CaseFile } from './case-file.ts';
import { type CaseNamespaces, namespacePath, substituted } from './case-request.ts';
import { approveGroup, type CaseUser, caseUsers, deviceUser, everythingGroup, execGroup } from './users.ts';

export interface Verdict {
  readonly status: number;
  readonly message: string;
}

export interface AdmissionLab {
  send(as: string, request: Omit<ApiRequest, 'signal'>): Promise<Verdict>;
  /** `$UID(pods/x)` → the uid of that given object. */
  readonly uids: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

const plurals: Readonly<Record<string, string>> = {
  Pod: 'pods',
  ServiceAccount: 'serviceaccounts',
  Secret: 'secrets',
  NetworkPolicy: 'networkpolicies',
  PersistentVolumeClaim: 'persistentvolumeclaims',
  Sandbox: 'sandboxes',
  EgressPolicy: 'egresspolicies',
  InferenceProfile: 'inferenceprofiles',
  ApprovalRequest: 'approvalrequests',
};
/** Pods may name only classes that exist. */
const runtimeClass = 'nvidia-cases';
const timeoutMs = 30_000;

export async function openAdmissionLab(namespaces: CaseNamespaces, files: readonly CaseFile[]): Promise<AdmissionLab> {
  const connection = await loadKubeconfig(currentCluster().kubeconfigPath);
  const transports = new Map<string, Transport>([['admin', openTransport(connection)]]);
  for (const [name, user] of Object.entries(caseUsers(namespaces)))
    transports.set(name, openTransport({ ...connection, impersonate: user satisfies CaseUser }));
  const send = (as: string, request: Omit<ApiRequest, 'signal'>) => sendAs(transports.get(as), request);
  await grantRights(namespaces.$NS);
  for (const namespace of Object.values(namespaces))
    await currentCluster().kubectl(['wait', '--for=create', 'serviceaccount/default', '-n', namespace]);
  const uids = new Map<string, string>();
  for (const object of files.flatMap(({ given }) => given ?? [])) {
    const plural = plurals[object.kind] ?? '';
    const path = `${namespacePath(plural, namespaces.$NS)}/${plural}`;
    const body = withUids(substituted(object, namespaces), uids);
    const { status, message } = await send('operator', { method: 'POST', path, body });
    if (status !== 201) throw new Error(`cannot make ${object.kind} ${object.metadata.name}: ${message}`);
    uids.set(`${plural}/${object.metadata.name}`, (JSON.parse(message) as { metadata: { uid: string } }).metadata.uid);
  }
  return {
    send,
    uids,
    close: async () => void (await Promise.all([...transports.values()].map(transport => transport.close()))),
  };
}

/** The message of a refusal; for anything else the whole body. */
async function sendAs(transport: Transport | undefined, request: Omit<ApiRequest, 'signal'>): Promise<Verdict> {
  if (transport === undefined) throw new Error('no such user; add it to users.ts');
  const { status, body } = await transport.send({ ...request, signal: AbortSignal.timeout(timeoutMs) });
  const text = await body.text();
  if (status < 400 || !text.startsWith('{')) return { status, message: text };
  return { status, message: (JSON.parse(text) as { message: string }).message };
}

export function withUids<T>(body: T, uids: ReadonlyMap<string, string>): T {
  return JSON.parse(JSON.stringify(body).replaceAll(/\$UID\(([^)]+)\)/g, (_, key: string) => uids.get(key) ?? '')) as T;
}

async function grantRights(namespace: string): Promise<void> {
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
  const items = [
    ...roleOf(group(everythingGroup), { apiGroups: ['*'], resources: ['*'], verbs }),
    ...roleOf(group(approveGroup), { apiGroups: ['creel.dev'], resources: ['*'], verbs: ['approve', 'break-glass'] }),
    ...roleOf(group(execGroup), { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] }),
    ...roleOf(
      { kind: 'ServiceAccount', namespace, name: deviceUser },
      { apiGroups: ['creel.dev'], resources: ['sandboxes'], verbs: ['use-devices'] },
    ),
  ];
  items.push({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: runtimeClass }, handler: 'x' });
  await currentCluster().kubectl(['apply', '--filename=-'], {
    stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  });
}

interface Subject {
  readonly kind: 'Group' | 'ServiceAccount';
  readonly name: string;
  readonly apiGroup?: string;
  readonly namespace?: string;
}

function roleOf(subject: Subject, rule: object): object[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const metadata = { name: subject.name };
  const roleRef = { apiGroup, kind: 'ClusterRole', name: subject.name };
  return [
    { apiVersion, kind: 'ClusterRole', metadata, rules: [rule] },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects: [subject] },
  ];
}

function group(name: string): Subject {
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name };
}

export async function removeRights(): Promise<void> {
  for (const kind of ['clusterrolebinding', 'clusterrole'])
    await currentCluster().kubectl([
      'delete',
      kind,
      everythingGroup,
      approveGroup,
      execGroup,
      deviceUser,
      '--ignore-not-found',
    ]);
  await currentCluster().kubectl(['delete', 'runtimeclass', runtimeClass, '--ignore-not-found']);
}
