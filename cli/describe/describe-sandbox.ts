// The whole story of one sandbox on a page. Pure.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { displaySafe } from '../../engine/canonical/display.ts';
import { describeTarget } from '../approvals/describe-target.ts';
import type { AuditLine } from '../audit/audit-line.ts';
import { formatAuditLine } from '../audit/format-audit-line.ts';
import { formatAge } from '../output/format-age.ts';
import { type Field, formatFields } from '../output/format-fields.ts';
import { wrapText } from '../output/wrap-text.ts';
import { isBad } from '../sandboxes/bad-conditions.ts';
import { conditionRemedy } from '../sandboxes/condition-remedy.ts';

export interface SandboxStory {
  readonly sandbox: Sandbox;
  /** Of this sandbox (its uid), any phase. */
  readonly requests: readonly ApprovalRequest[];
  /** `EgressPolicy github: 3 rules`, as they select it. */
  readonly policies: readonly string[];
  /** The last that were stopped, newest last. */
  readonly denials: readonly AuditLine[];
  /** What could not be read. */
  readonly gaps: readonly string[];
}

export function describeSandbox(story: SandboxStory, nowMs: number): string {
  const { sandbox, requests, policies, denials, gaps } = story;
  const { metadata, status } = sandbox;
  const { namespace, name } = metadata;
  const of = (...phases: string[]) => requests.filter(request => phases.includes(request.status?.phase ?? 'Pending'));
  const pending = of('Pending');
  const lines = [
    ...formatFields(headOf(sandbox, nowMs)),
    '',
    'Conditions:',
    ...(status?.conditions ?? []).flatMap(condition => {
      const text = [condition.reason, condition.message].filter(part => part !== '').join(': ');
      const remedy = conditionRemedy(condition, namespace, name);
      return formatFields(
        [
          [
            `${isBad(condition) ? '!' : ' '} ${condition.type} ${condition.status}`,
            [text, ...(remedy === undefined ? [] : [`try: ${remedy}`])],
          ],
        ],
        '  ',
      );
    }),
    ...(status?.conditions === undefined
      ? ['  none yet: the operator has not looked at it; kubectl creel doctor']
      : []),
    ...section('Policies', policies, 'none selects it: every host is asked about'),
    ...section(
      `Pending (${pending.length})`,
      pending.map(request => `${request.metadata.name}  ${describeTarget(request)}, ${request.status?.hits ?? 0} ×`),
    ),
    ...section(
      'In force',
      of('Approved', 'Enforced').map(
        request =>
          `${request.metadata.name}  ${describeTarget(request)} until ${request.status?.expiresAt ?? request.spec.decision?.for ?? ''}`,
      ),
    ),
    ...section(
      'Last stopped',
      denials.map(line => formatAuditLine(line)),
    ),
    ...gaps.map(gap => `\nNot shown: ${displaySafe(gap)}`),
    ...nextSteps(sandbox, pending),
  ];
  return lines.join('\n');
}

function headOf({ metadata, spec, status }: Sandbox, nowMs: number): Field[] {
  const { inference, policy } = status ?? {};
  const workspace = spec.workspace?.ephemeral
    ? 'ephemeral: /sandbox ends with the pod'
    : `${spec.workspace?.size ?? '2Gi'}, ${spec.workspace?.onDelete === 'Retain' ? 'kept' : 'deleted'} with the Sandbox`;
  return [
    ['Sandbox', `${metadata.namespace}/${metadata.name}`],
    ['Phase', `${status?.phase ?? 'Unknown'}${spec.lifecycle?.suspend ? ' (spec.lifecycle.suspend)' : ''}`],
    ['Age', formatAge(Date.parse(metadata.creationTimestamp), nowMs)],
    ['Image', spec.image],
    ['Pod', status?.pod],
    ['Unlisted hosts', spec.egress?.onUnlisted === 'Deny' ? 'refused' : 'asked about'],
    ['Model', inference?.profile === undefined ? 'none' : `${inference.model ?? ''} by profile ${inference.profile}`],
    [
      'Used',
      inference?.requests === undefined ? undefined : `${inference.requests} requests, ${inference.tokens ?? 0} tokens`,
    ],
    [
      'Policy',
      policy?.revision === undefined
        ? undefined
        : `revision ${policy.revision} (${policy.rules ?? 0} rules, ${policy.grants ?? 0} approvals), in force: ${policy.enforcedRevision ?? 'none'}`,
    ],
    ['Workspace', workspace],
    ['GPU', spec.gpu === undefined ? undefined : `${spec.gpu.count ?? 1} × ${spec.gpu.resource ?? 'nvidia.com/gpu'}`],
    ['Sidecar', status?.sidecar?.outdated ? `${status.sidecar.image ?? ''} (outdated)` : status?.sidecar?.image],
  ];
}

function section(title: string, lines: readonly string[], otherwise?: string): string[] {
  const shown = lines.length === 0 && otherwise !== undefined ? [otherwise] : lines;
  return shown.length === 0
    ? []
    : [
        '',
        `${title}:`,
        ...shown.flatMap(line =>
          wrapText(displaySafe(line), 76).map((part, at) => `${at === 0 ? '  ' : '      '}${part}`),
        ),
      ];
}

function nextSteps({ metadata: { namespace, name }, status }: Sandbox, pending: readonly ApprovalRequest[]): string[] {
  const creel = `kubectl creel -n ${namespace}`;
  const [first] = pending;
  const steps = [
    ...(first === undefined ? [] : [`${creel} approve apr/${first.metadata.name} --for 1h`]),
    ...(status?.phase === 'Running' ? [`${creel} connect ${name}`] : []),
    `${creel} logs ${name} --audit`,
  ];
  return ['', 'Next:', ...steps.map(step => `  ${step}`)];
}
