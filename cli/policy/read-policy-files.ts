// Manifests as they lie in Git: EgressPolicies, ClusterEgressPolicies, a Sandbox, ApprovalRequests, Services, Namespaces.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { type ClusterEgressPolicy, clusterEgressPolicySchema } from '../../crds/schema/cluster-egress-policy.ts';
import { type EgressPolicy, egressPolicySchema } from '../../crds/schema/egress-policy.ts';
import { apiVersion } from '../../crds/schema/group.ts';
import type { StoredMetadata } from '../../crds/schema/metadata.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { UserError } from '../user-error.ts';
import type { PolicySet } from './policy-set.ts';
import { readInput } from './read-input.ts';

interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly spec?: unknown;
  readonly items?: readonly Manifest[];
}

/**
 * Without a Sandbox among them, one that every selector of the files selects: what the policies say, whoever they are for.
 * Policies without a namespace are of `namespace`.
 */
export function readPolicyFiles(files: readonly string[], namespace: string): PolicySet {
  const manifests = files.flatMap(filesOf).flatMap(file => manifestsOf(readInput(file), file));
  const of = (kind: string) => manifests.filter(manifest => manifest.kind === kind).map(one => stored(one, namespace));
  const policies = of('EgressPolicy') as unknown as EgressPolicy[];
  const clusterPolicies = of('ClusterEgressPolicy') as unknown as ClusterEgressPolicy[];
  if (policies.length + clusterPolicies.length === 0)
    throw new UserError(`no EgressPolicy in ${files.join(', ')}; give files that hold one with -f`);
  checkShapes(policies, clusterPolicies);
  const [sandbox] = of('Sandbox') as unknown as Sandbox[];
  const services = (of('Service') as { metadata: StoredMetadata; spec?: { clusterIP?: string } }[]).map(
    ({ metadata, spec }) =>
      [`${metadata.namespace}/${metadata.name}`, spec?.clusterIP === undefined ? [] : [spec.clusterIP]] as const,
  );
  const [home] = of('Namespace');
  return {
    sandbox: sandbox ?? selectedByAll(policies, namespace),
    namespaceLabels: {
      ...Object.assign({}, ...clusterPolicies.map(({ spec }) => spec.namespaceSelector.matchLabels ?? {})),
      ...home?.metadata.labels,
    },
    policies,
    clusterPolicies,
    requests: of('ApprovalRequest') as unknown as ApprovalRequest[],
    services: new Map(services),
    gaps: [],
    isOfFiles: true,
  };
}

/** A folder stands for the manifests in it, as for `kubectl apply`. */
function filesOf(path: string): readonly string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  return readdirSync(path)
    .filter(name => /\.(ya?ml|json)$/.test(name))
    .toSorted()
    .map(name => join(path, name));
}

function manifestsOf(text: string, file: string): readonly Manifest[] {
  const documents = parseAllDocuments(text, { version: '1.1' });
  return ('empty' in documents ? [] : documents).flatMap(document => {
    const [error] = document.errors;
    if (error !== undefined) throw new UserError(`${file}: ${error.message.split('\n')[0]}`);
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : (value.items ?? [value]);
  });
}

function stored(manifest: Manifest, namespace: string): Manifest & { readonly metadata: StoredMetadata } {
  const name = manifest.metadata?.name ?? 'unnamed';
  const identity = { uid: name, resourceVersion: '0', generation: 1, creationTimestamp: '1970-01-01T00:00:00Z' };
  return { ...manifest, metadata: { namespace, ...identity, ...manifest.metadata, name } };
}

/** What the API server would not take is an error here too, rule by rule problems are the compiler's. */
function checkShapes(policies: readonly EgressPolicy[], clusterPolicies: readonly ClusterEgressPolicy[]): void {
  const checked = [
    ...policies.map(one => [one, egressPolicySchema.safeParse(one)] as const),
    ...clusterPolicies.map(one => [one, clusterEgressPolicySchema.safeParse(one)] as const),
  ];
  for (const [{ kind, metadata }, { error }] of checked) {
    const issue = error?.issues[0];
    if (issue !== undefined)
      throw new UserError(
        `${kind} ${metadata.name}: ${issue.path.join('.')}: ${issue.message}; see \`kubectl explain ${kind}.spec\``,
      );
  }
}

function selectedByAll(policies: readonly EgressPolicy[], namespace: string): PolicySet['sandbox'] {
  const labels = Object.assign({}, ...policies.map(({ spec }) => spec.sandboxSelector.matchLabels ?? {})) as Record<
    string,
    string
  >;
  const metadata = { name: 'any', namespace: policies[0]?.metadata.namespace ?? namespace, labels };
  const manifest = stored({ apiVersion, kind: 'Sandbox', metadata }, namespace);
  return { metadata: manifest.metadata, spec: { image: 'none' } };
}
