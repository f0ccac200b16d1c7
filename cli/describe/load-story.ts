import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { selectorMatches } from '../../engine/compile/selector-matches.ts';
import { parseAuditLine } from '../audit/audit-line.ts';
import type { Api } from '../kube/api.ts';
import { ApiError } from '../kube/api-error.ts';
import { loadPolicySet } from '../kube/load-policy-set.ts';
import { podLogPath } from '../kube/pod-log-path.ts';
import type { SandboxStory } from './describe-sandbox.ts';

const auditLines = 500;
const shownDenials = 8;

/** With the caller's own rights; what may not be read is named in `gaps`. */
export async function loadStory(api: Api, name: string): Promise<SandboxStory> {
  const set = await loadPolicySet(api, name);
  const sandbox = set.sandbox as Sandbox;
  const gaps = [...set.gaps];
  const denials = await readDenials(api, sandbox, gaps);
  return {
    sandbox,
    requests: set.requests.filter(({ spec }) => spec.sandbox.uid === sandbox.metadata.uid),
    policies: [
      ...set.policies
        .filter(({ spec }) => selectorMatches(spec.sandboxSelector, sandbox.metadata.labels))
        .map(
          ({ metadata, spec }) =>
            `EgressPolicy ${metadata.name}: ${count(spec.allow, 'allow rule')}, ${count(spec.deny, 'deny rule')}`,
        ),
      ...set.clusterPolicies
        .filter(({ spec }) => selectorMatches(spec.namespaceSelector, set.namespaceLabels))
        .map(
          ({ metadata, spec }) =>
            `ClusterEgressPolicy ${metadata.name}: ${spec.freeze ? 'frozen, nothing leaves' : `${count(spec.baseline, 'baseline rule')}, ${count(spec.deny, 'deny rule')}${spec.ceiling === undefined ? '' : ', a ceiling'}`}`,
        ),
    ],
    denials,
    gaps,
  };
}

function count(rules: readonly unknown[] | undefined, what: string): string {
  const length = rules?.length ?? 0;
  return `${length} ${what}${length === 1 ? '' : 's'}`;
}

async function readDenials(api: Api, { metadata, status }: Sandbox, gaps: string[]): Promise<SandboxStory['denials']> {
  if (status?.pod === undefined) return [];
  try {
    const text = await api.text(
      podLogPath(metadata.namespace, status.pod, { container: 'sidecar', tailLines: auditLines }),
    );
    const lines = text.split('\n').flatMap(line => parseAuditLine(line) ?? []);
    return lines.filter(({ decision }) => decision !== 'Allow').slice(-shownDenials);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    gaps.push(`the last connections that were stopped: ${error.message}`);
    return [];
  }
}
