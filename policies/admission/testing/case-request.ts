import type { ApiRequest } from '../../../kube/transport.ts';
import type { AdmissionCase, CaseFile } from './case-file.ts';

const groups: Readonly<Record<string, string>> = {
  pods: '/api/v1',
  bindings: '/api/v1',
  serviceaccounts: '/api/v1',
  secrets: '/api/v1',
  persistentvolumeclaims: '/api/v1',
  networkpolicies: '/apis/networking.k8s.io/v1',
};

export type CaseNamespaces = Readonly<Record<'$NS' | '$OTHER' | '$PLAIN', string>>;

/** The request of a case; nothing it asks for is stored. */
export function caseRequest(
  entry: AdmissionCase,
  file: CaseFile,
  namespaces: CaseNamespaces,
): Omit<ApiRequest, 'signal'> {
  const [method, target] = verb(entry);
  const path = substituted(casePath(target, namespaces[entry.in ?? '$NS']), namespaces);
  if (entry.connect !== undefined) return { method, path: `${path}?${entry.query ?? ''}` };
  const force = { force: 'true', fieldManager: 'somebody-else' };
  const body = entry.from === undefined ? entry.body : changed(file.templates?.[entry.from], entry.set ?? {});
  return {
    method,
    path,
    query: {
      dryRun: 'All',
      ...(method === 'DELETE' ? {} : { fieldValidation: 'Strict' }),
      ...(entry.apply === undefined ? {} : force),
    },
    ...(body === undefined ? {} : { body: substituted(body, namespaces) }),
    ...(method === 'PATCH' ? { contentType: patchType(entry) } : {}),
  };
}

/** Namespaces stand in none. */
function casePath(target: string, namespace: string): string {
  return target.startsWith('namespaces/') ? `/api/v1/${target}` : `${namespacePath(target, namespace)}/${target}`;
}

export function namespacePath(resource: string, namespace: string): string {
  const group = groups[resource.split('/')[0] ?? ''] ?? '/apis/creel.dev/v1alpha1';
  return `${group}/namespaces/${namespace}`;
}

export function substituted<T>(value: T, namespaces: CaseNamespaces): T {
  let text = JSON.stringify(value);
  for (const [name, namespace] of Object.entries(namespaces)) text = text.replaceAll(name, namespace);
  return JSON.parse(text) as T;
}

function verb(entry: AdmissionCase): ['POST' | 'PATCH' | 'DELETE', string] {
  if (entry.create !== undefined) return ['POST', entry.create];
  if (entry.patch !== undefined) return ['PATCH', entry.patch];
  if (entry.apply !== undefined) return ['PATCH', entry.apply];
  if (entry.delete !== undefined) return ['DELETE', entry.delete];
  if (entry.connect !== undefined) return ['POST', entry.connect];
  throw new Error(`case "${entry.allow ?? entry.deny}" asks for nothing: give create, patch, apply, delete or connect`);
}

function patchType({ apply, strategic }: AdmissionCase): string {
  if (apply !== undefined) return 'application/apply-patch+yaml';
  return strategic ? 'application/strategic-merge-patch+json' : 'application/merge-patch+json';
}

function changed(template: unknown, changes: Readonly<Record<string, unknown>>): unknown {
  if (template === undefined) throw new Error('no such template');
  const copy: unknown = structuredClone(template);
  for (const [pointer, value] of Object.entries(changes)) setAt(copy, pointer.split('/').slice(1), value);
  return copy;
}

/** `~1` is a slash, `-` the end of a list; objects on the way are made. */
function setAt(node: unknown, path: readonly string[], value: unknown): void {
  const [head = '', ...rest] = path.map(part => part.replaceAll('~1', '/'));
  const record = node as Record<string, unknown>;
  const key = Array.isArray(node) && head === '-' ? String(node.length) : head;
  if (rest.length > 0) setAt((record[key] ??= {}), rest, value);
  else if (value === null) delete record[key];
  else record[key] = value;
}
