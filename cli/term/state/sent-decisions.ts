// Decisions on their way: sent, stored by the API server, in force at the sidecar; or refused, in the API server's words.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Verdict } from './dialog.ts';
import type { Notice, Sent, TermState } from './term-state.ts';

export type Outcome = { readonly type: 'Stored' } | { readonly type: 'Refused'; readonly message: string };

/** After so long an approval without effect needs an explanation. */
const lateMs = 3_000;

export function noteSent(state: TermState, verdict: Verdict, targets: readonly ApprovalRequest[]): TermState {
  const sent = new Map(state.sent);
  for (const { metadata } of targets) sent.set(metadata.uid, { verdict, state: 'Sending', sentMs: state.nowMs });
  return withNotice({ ...state, sent }, state.nowMs);
}

export function noteOutcome(state: TermState, uid: string, outcome: Outcome): TermState {
  const entry = state.sent.get(uid);
  // Its effect may have been seen before the answer came.
  if (entry === undefined || entry.state === 'InForce') return state;
  const sent = new Map(state.sent);
  sent.set(
    uid,
    outcome.type === 'Stored'
      ? { ...entry, state: 'Stored' }
      : { ...entry, state: 'Refused', message: outcome.message },
  );
  return withNotice(noteEffects({ ...state, sent }), entry.sentMs);
}

/** What the watch shows to have come true. */
export function noteEffects(state: TermState): TermState {
  const done = [...state.sent].filter(([uid, entry]) => isInForce(state.requests.get(uid), entry));
  const [first] = done;
  if (first === undefined) return state;
  const sent = new Map(state.sent);
  for (const [uid, entry] of done) sent.set(uid, { ...entry, state: 'InForce', tookMs: state.nowMs - entry.sentMs });
  return withNotice({ ...state, sent }, first[1].sentMs);
}

/** An approval that is stored but has no effect says why, as far as is known. */
export function noteLate(state: TermState): TermState {
  const late = [...state.sent].find(
    ([, { state: at, sentMs, message }]) => at === 'Stored' && message === undefined && state.nowMs - sentMs > lateMs,
  );
  if (late === undefined) return state;
  const [uid, entry] = late;
  const sent = new Map(state.sent).set(uid, { ...entry, message: whyLate(state, uid) });
  return withNotice({ ...state, sent }, entry.sentMs);
}

function isInForce(request: ApprovalRequest | undefined, { state, verdict }: Sent): boolean {
  if (request === undefined || (state !== 'Stored' && state !== 'Sending')) return false;
  if (request.spec.decision?.verdict !== verdict) return false;
  const approved = request.spec.type === 'GPU' ? 'Approved' : 'Enforced';
  const wanted: Readonly<Record<string, string>> = {
    Approve: approved,
    Deny: 'Denied',
    Snooze: 'Snoozed',
    Revoke: 'Revoked',
  };
  return request.status?.phase === wanted[verdict];
}

function whyLate(state: TermState, uid: string): string {
  const request = state.requests.get(uid);
  const refused = request?.status?.conditions?.find(
    ({ type, reason }) => type === 'Granted' && reason === 'NotInForce',
  );
  if (refused) return refused.message;
  const sandbox = state.sandboxes.get(request?.spec.sandbox.uid ?? '');
  const phase = sandbox?.status?.phase;
  if (phase !== undefined && phase !== 'Running') return `the sandbox is ${phase}: it holds once that runs`;
  return 'no sidecar has confirmed it yet; is the operator up? kubectl creel doctor';
}

/** One line for all that was sent with one key. */
function withNotice(state: TermState, sentMs: number): TermState {
  const batch = [...state.sent].filter(([, entry]) => entry.sentMs === sentMs);
  const [only] = batch;
  if (only === undefined) return state;
  const said =
    batch.length === 1 ? describeOne(state, only[0], only[1]) : describeMany(batch.map(([, entry]) => entry));
  return { ...state, notice: { ...said, atMs: state.nowMs } };
}

function describeOne(state: TermState, uid: string, entry: Sent): Omit<Notice, 'atMs'> {
  const request = state.requests.get(uid);
  const target = targetOf(request);
  switch (entry.state) {
    case 'Sending':
      return { kind: 'Info', text: `${entry.verdict} ${target}: sending` };
    case 'Stored':
      return entry.message === undefined
        ? { kind: 'Info', text: `${entry.verdict} ${target}: stored, not in force yet` }
        : { kind: 'Warning', text: `${entry.verdict} ${target} is stored but not in force: ${entry.message}` };
    case 'InForce': {
      const { phase, enforcedInMs } = request?.status ?? {};
      const measured = phase === 'Enforced' && enforcedInMs !== undefined ? ` in ${enforcedInMs} ms` : '';
      return { kind: 'Good', text: `${target}: ${phase}${measured} (${entry.tookMs} ms after your key)` };
    }
    case 'Refused':
      return { kind: 'Warning', text: `${entry.verdict} ${target} REFUSED: ${entry.message}` };
    default:
      return entry.state satisfies never;
  }
}

function describeMany(batch: readonly Sent[]): Omit<Notice, 'atMs'> {
  const count = (state: Sent['state']) => batch.filter(entry => entry.state === state).length;
  const refused = batch.filter(entry => entry.state === 'Refused');
  const waiting = count('Sending') + count('Stored');
  const slowest = Math.max(...batch.map(({ tookMs = 0 }) => tookMs));
  const parts = [
    `${count('InForce')} of ${batch.length} in force${waiting === 0 && slowest > 0 ? ` after ${slowest} ms` : ''}`,
    ...(waiting > 0 ? [`${waiting} on the way`] : []),
    ...(refused.length > 0 ? [`${refused.length} REFUSED: ${refused[0]?.message ?? ''}`] : []),
  ];
  const kind = refused.length > 0 ? 'Warning' : waiting > 0 ? 'Info' : 'Good';
  return { kind, text: `${batch[0]?.verdict}: ${parts.join(', ')}` };
}

function targetOf(request: ApprovalRequest | undefined): string {
  const { sandbox, egress, gpu } = request?.spec ?? {};
  const what = egress ? `${egress.host}:${egress.port}` : `${gpu?.count ?? 1} × ${gpu?.resource ?? 'GPU'}`;
  return `${what} for ${sandbox?.name}`;
}
