import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { TermState } from '../state/term-state.ts';
import { fit, fitRight, fitTail } from './cells.ts';
import { type Line, type Span, span } from './line.ts';
import type { Theme } from './theme.ts';

type Phase = NonNullable<NonNullable<Sandbox['status']>['phase']> | 'Unknown';

const short: Readonly<Record<Phase, string>> = {
  Pending: 'Pend',
  AwaitingApproval: 'Asks',
  Starting: 'Strt',
  Running: 'Run',
  Suspended: 'Susp',
  Completed: 'Done',
  Failed: 'FAIL',
  Terminating: 'Ends',
  Unknown: '?',
};
const colors: Partial<Record<Phase, NonNullable<Span['color']>>> = {
  Running: 'green',
  Failed: 'red',
  AwaitingApproval: 'yellow',
};
const longFromWidth = 44;

/** One sandbox: its name, phase, whether the policy in force is the one wanted, and how many requests wait. */
export function sandboxLine(state: TermState, sandbox: Sandbox, width: number, theme: Theme): Line {
  const { metadata, status } = sandbox;
  const isSelected = state.cursor.sandboxes === metadata.uid;
  const isLong = width >= longFromWidth;
  const phase: Phase = status?.phase ?? 'Unknown';
  const head = `${isSelected ? '>' : ' '}${state.ofSandbox === metadata.uid ? '*' : ' '}`;
  const phaseText = isLong ? fit(phase, 16, theme) : fit(short[phase], 4, theme);
  const policyText = isLong ? fit(policyOf(sandbox), 11, theme) : fit(isBehind(sandbox) ? 'old' : '', 3, theme);
  const pendingText = fitRight(status?.pending ? `${Math.min(status.pending, 99)}?` : '', 3, theme);
  const nameWidth = width - head.length - phaseText.length - policyText.length - pendingText.length - 3;
  // In all namespaces the end says which sandbox, else the beginning.
  const isOfAll = state.scope.namespace === undefined;
  const name = isOfAll ? `${metadata.namespace}/${metadata.name}` : metadata.name;
  const isFocused = isSelected && state.focus === 'sandboxes';
  const style = { bold: isSelected, inverse: isFocused };
  return [
    span(`${head}${(isOfAll ? fitTail : fit)(name, Math.max(0, nameWidth), theme)} `, style),
    span(phaseText, { ...style, ...(colors[phase] ? { color: colors[phase] } : {}) }),
    span(` ${policyText} ${pendingText}`, style),
  ];
}

function isBehind({ status }: Sandbox): boolean {
  return status?.policy !== undefined && status.policy.enforcedRevision !== status.policy.revision;
}

/** `enforced` where it is the one wanted, else `enforced/wanted`. */
export function policyOf({ status }: Sandbox): string {
  const { enforcedRevision = '-', revision = '-' } = status?.policy ?? {};
  return enforcedRevision === revision ? enforcedRevision : `${enforcedRevision}/${revision}`;
}
