import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Api } from '../kube/api.ts';
import { creelPath } from '../kube/paths.ts';
import { globTest } from '../output/glob-test.ts';

export interface ApprovalFilter {
  readonly sandbox?: string;
  readonly host?: string;
  /** What has ended too. */
  readonly all?: boolean;
}

const ended: ReadonlySet<string> = new Set(['Denied', 'Expired', 'Revoked', 'Superseded']);

/** All requests of a namespace, or of all, oldest first: what is new stands above the prompt. */
export async function listApprovals(api: Api, namespace: string | undefined): Promise<readonly ApprovalRequest[]> {
  const { items } = await api.get<{ items: ApprovalRequest[] }>(creelPath(namespace, 'approvalrequests'));
  return oldestFirst(items);
}

export function oldestFirst(items: readonly ApprovalRequest[]): readonly ApprovalRequest[] {
  return [...items].sort((a, b) => (age(a) < age(b) ? -1 : 1));
}

function age({ metadata }: ApprovalRequest): string {
  return `${metadata.creationTimestamp} ${metadata.namespace} ${metadata.name}`;
}

export function matchesApproval({ sandbox, host, all }: ApprovalFilter): (request: ApprovalRequest) => boolean {
  const isHost = host === undefined ? () => true : globTest(host);
  return ({ spec, status }) =>
    (all === true || !ended.has(status?.phase ?? 'Pending')) &&
    (sandbox === undefined || spec.sandbox.name === sandbox) &&
    isHost(spec.egress?.host ?? '');
}
