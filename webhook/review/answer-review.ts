import { displaySafe } from '../../engine/canonical/display.ts';
import type { Verdict } from '../rules/verdict.ts';
import type { AdmissionRequest } from './admission-review.ts';

const maxProblems = 50;
/** The API server cuts a warning at 256 bytes and all of them at 4096. */
const maxWarnings = 16;
const maxWarningLength = 250;

/** The AdmissionReview that answers: every problem in one message, and each as a cause for programs. */
export function answerReview({ uid, kind, name }: AdmissionRequest, verdict: Verdict): object {
  const warnings = verdict.warnings.slice(0, maxWarnings).map(text => displaySafe(text).slice(0, maxWarningLength));
  const response = {
    uid,
    allowed: verdict.problems.length === 0,
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(verdict.problems.length === 0 ? patchOf(verdict) : { status: statusOf(kind, name, verdict) }),
  };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

function patchOf({ patch = [] }: Verdict): object {
  if (patch.length === 0) return {};
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
}

/** `kubectl` prints the causes of what is Invalid as a list, and the message of what is Forbidden. */
function statusOf({ group, kind }: AdmissionRequest['kind'], name: string, { problems }: Verdict): object {
  const shown = problems
    .toSorted((a, b) => a.field.localeCompare(b.field, 'en', { numeric: true }))
    .slice(0, maxProblems)
    .map(({ field, message }) => ({ field: displaySafe(field), message: displaySafe(message) }));
  const more = problems.length - shown.length;
  const lines = [
    ...shown.map(({ field, message }) => `${field}: ${message}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
  const message =
    lines.length === 1 ? (lines[0] ?? '') : `${problems.length} problems\n${lines.map(line => `  ${line}`).join('\n')}`;
  const isDecision = kind === 'ApprovalRequest';
  return {
    status: 'Failure',
    code: isDecision ? 403 : 422,
    reason: isDecision ? 'Forbidden' : 'Invalid',
    message,
    details: { group, kind, name, causes: shown.map(cause => ({ reason: 'FieldValueInvalid', ...cause })) },
  };
}
