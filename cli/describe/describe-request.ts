// Everything there is to know of one request before deciding on it. Pure.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { displaySafe } from '../../engine/canonical/display.ts';
import { requestWarnings } from '../approvals/request-warnings.ts';
import { formatAge } from '../output/format-age.ts';
import { type Field, formatFields } from '../output/format-fields.ts';

export function describeRequest(request: ApprovalRequest, nowMs: number): string {
  const { metadata, spec, status } = request;
  const { egress, gpu, sandbox, decision } = spec;
  const ago = (at: string | undefined) =>
    at === undefined ? undefined : `${at} (${formatAge(Date.parse(at), nowMs)} ago)`;
  const fields: Field[] = [
    ['Request', `${metadata.namespace}/${metadata.name}`],
    ['Status', status?.phase ?? 'Pending'],
    ['Sandbox', sandbox.name],
    [
      'Wants',
      egress === undefined ? `${gpu?.count ?? 1} × ${gpu?.resource ?? 'GPU'}` : `${egress.host}, port ${egress.port}`,
    ],
    ['Because', egress === undefined ? undefined : reasons[egress.reason]],
    ['Binary', egress?.binary?.path],
    ['SHA-256', egress?.binary?.sha256],
    ['Started by', egress?.binary?.ancestors?.join(' ← ')],
    ['Tried', status?.samples],
    ['Hits', String(status?.hits ?? 0)],
    ['First seen', ago(status?.firstSeen ?? metadata.creationTimestamp)],
    ['Last seen', ago(status?.lastSeen)],
    ['Warnings', requestWarnings(request).map(warning => `! ${warning}`)],
    ['Decision', decision === undefined ? undefined : decisionText(decision)],
    ['Expires', status?.expiresAt],
    ['Uses left', status?.usesLeft === undefined ? undefined : String(status.usesLeft)],
    [
      'In force',
      status?.enforcedRevision === undefined
        ? undefined
        : `revision ${status.enforcedRevision}, ${status.enforcedInMs ?? '?'} ms after the decision`,
    ],
    [
      'Conditions',
      // The rest of Granted is the status above, and the commands below.
      (status?.conditions ?? [])
        .filter(({ type, reason }) => type !== 'Granted' || reason === 'NotInForce')
        .map(({ type, status: is, message }) => `${type} ${is}${message === '' ? '' : `: ${message}`}`),
    ],
    [
      'History',
      (status?.history ?? []).map(({ at, phase, by, message }) =>
        [`${at} ${phase}`, by === undefined ? '' : ` by ${by}`, message === undefined ? '' : `: ${message}`].join(''),
      ),
    ],
  ];
  const commands = nextCommands(request);
  return [
    ...formatFields(fields),
    ...(commands.length === 0 ? [] : ['', 'Next:', ...commands.map(command => `  ${displaySafe(command)}`)]),
  ].join('\n');
}

const reasons = {
  NotListed: 'no policy lists this host and port',
  RequestNotAllowed: 'a policy lets requests to this host through one by one, and this one it does not list',
} as const;

type Decision = NonNullable<ApprovalRequest['spec']['decision']>;

function decisionText({ verdict, by, for: duration, scope, requests, maxUses, reason }: Decision): string {
  const extent =
    requests === undefined ? scope : `Request (${requests.map(({ method, path }) => `${method} ${path}`).join(', ')})`;
  const parts = [
    verdict,
    by === undefined ? undefined : `by ${by}`,
    duration === undefined ? undefined : `for ${duration}`,
    extent === undefined ? undefined : `scope ${extent}`,
    maxUses === undefined ? undefined : `${maxUses} uses`,
    reason === undefined ? undefined : JSON.stringify(reason),
  ];
  return parts.filter(part => part !== undefined).join(', ');
}

function nextCommands({ metadata: { namespace, name }, status }: ApprovalRequest): string[] {
  const command = (verb: string, rest = '') => `kubectl creel -n ${namespace} ${verb} apr/${name}${rest}`;
  switch (status?.phase ?? 'Pending') {
    case 'Pending':
    case 'Snoozed':
      return [command('approve', ' --for 1h'), command('deny', ' --reason "…"'), command('snooze', ' --for 8h')];
    case 'Approved':
    case 'Enforced':
      return [command('revoke')];
    case 'Denied':
      return [command('approve', ' --for 1h')];
    case 'Expired':
    case 'Revoked':
    case 'Superseded':
      return [];
    default:
      return [];
  }
}
