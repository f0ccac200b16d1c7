// Requests that wait, as one message: by sandbox and host, the newest first, and no longer than people read. Pure.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { displaySafe } from '../../engine/canonical/display.ts';

export interface DigestRequest {
  readonly name: string;
  readonly uid: string;
  readonly port?: number;
  readonly binary?: { readonly path: string; readonly sha256: string };
  readonly gpu?: { readonly resource: string; readonly count: number };
  readonly reason?: string;
  readonly hits: number;
  readonly firstSeen: string;
  /** What was tried first. The agent chose it: untrusted, bounded, no control characters. */
  readonly sample?: string;
  readonly approve: string;
  readonly deny: string;
}

export interface DigestGroup {
  readonly namespace: string;
  readonly sandbox: string;
  readonly sandboxUid: string;
  readonly type: 'Egress' | 'GPU';
  /** Host, or the resource of a GPU. */
  readonly target: string;
  readonly requests: readonly DigestRequest[];
  /** Of the group, not listed. */
  readonly more: number;
}

export interface Digest {
  readonly total: number;
  readonly groups: readonly DigestGroup[];
  /** Requests of groups that are not listed. */
  readonly more: number;
}

const maxGroups = 15;
const maxRequestsPerGroup = 5;
const maxUntrusted = 200;

export function buildDigest(waiting: readonly ApprovalRequest[]): Digest {
  const newestFirst = waiting.toSorted((a, b) => createdMs(b) - createdMs(a));
  const byTarget = Map.groupBy(newestFirst, request =>
    JSON.stringify([request.spec.sandbox.uid, request.spec.type, targetOf(request)]),
  );
  const groups = [...byTarget.values()].map(groupOf);
  const listed = groups.slice(0, maxGroups);
  const said = listed.reduce((sum, { requests, more }) => sum + requests.length + more, 0);
  return { total: waiting.length, groups: listed, more: waiting.length - said };
}

function groupOf(requests: readonly ApprovalRequest[]): DigestGroup {
  const [first] = requests;
  if (first === undefined) throw new Error('a group has a member');
  const { metadata, spec } = first;
  return {
    namespace: metadata.namespace,
    sandbox: spec.sandbox.name,
    sandboxUid: spec.sandbox.uid,
    type: spec.type,
    target: bounded(targetOf(first)),
    requests: requests.slice(0, maxRequestsPerGroup).map(describe),
    more: Math.max(0, requests.length - maxRequestsPerGroup),
  };
}

function describe({ metadata, spec: { egress, gpu }, status }: ApprovalRequest): DigestRequest {
  const { namespace, name, uid } = metadata;
  const sample = status?.samples?.[0];
  const binary = egress?.binary;
  return {
    name,
    uid,
    ...(egress === undefined ? {} : { port: egress.port, reason: egress.reason }),
    ...(binary === undefined ? {} : { binary: { path: bounded(binary.path), sha256: binary.sha256 } }),
    ...(gpu === undefined ? {} : { gpu: { resource: gpu.resource, count: gpu.count } }),
    hits: status?.hits ?? 1,
    firstSeen: status?.firstSeen ?? metadata.creationTimestamp,
    ...(sample === undefined ? {} : { sample: bounded(sample) }),
    approve: `kubectl creel approve -n ${namespace} apr/${name} --for ${gpu === undefined ? '1h' : '8h'}`,
    deny: `kubectl creel deny -n ${namespace} apr/${name} --reason ""`,
  };
}

function targetOf({ spec: { egress, gpu } }: ApprovalRequest): string {
  return egress?.host ?? gpu?.resource ?? '';
}

function bounded(text: string): string {
  const safe = displaySafe(text);
  return safe.length > maxUntrusted ? `${safe.slice(0, maxUntrusted - 1)}…` : safe;
}

function createdMs({ metadata }: ApprovalRequest): number {
  return Date.parse(metadata.creationTimestamp);
}
