import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import { formatAge } from '../../output/format-age.ts';
import type { TermState } from '../state/term-state.ts';
import { wrap } from './cells.ts';
import { labelled } from './detail-lines.ts';
import { type Line, span } from './line.ts';
import { policyOf } from './sandbox-line.ts';
import type { Theme } from './theme.ts';

/** These are well when they are False. */
const badWhenTrue = new Set(['Stalled', 'WidenedByOtherPolicy', 'Outdated']);
const neutral = new Set(['Reconciling']);

export function sandboxDetail(state: TermState, sandbox: Sandbox, width: number, theme: Theme): readonly Line[] {
  const { metadata, spec, status } = sandbox;
  const add = (label: string, value: string, style = {}) => labelled(label, value, width, theme, style);
  const { policy, inference } = status ?? {};
  const wrong = (status?.conditions ?? []).filter(
    ({ type, status: is }) => !neutral.has(type) && (badWhenTrue.has(type) ? is === 'True' : is !== 'True'),
  );
  return [
    ...wrap(`${metadata.name} in ${metadata.namespace}`, width, theme).map(text => [span(text, { bold: true })]),
    ...add(
      'phase',
      `${status?.phase ?? 'Unknown'}, ${status?.pending ?? 0} pending, made ${formatAge(Date.parse(metadata.creationTimestamp), state.nowMs)} ago`,
    ),
    ...wrong.flatMap(({ type, status: is, reason, message }) =>
      add(is === 'Unknown' ? '?' : '!', `${type} ${is} (${reason}): ${message}`, { bold: is !== 'Unknown' }),
    ),
    ...add(
      'policy',
      `${policyOf(sandbox)} in force/wanted, ${policy?.rules ?? 0} rules, ${policy?.grants ?? 0} grants`,
    ),
    ...add(
      'model',
      inference?.profile === undefined ? 'none' : `${inference.model ?? ''} by profile ${inference.profile}`,
    ),
    ...(spec.gpu ? add('gpu', `${spec.gpu.count ?? 1} x ${spec.gpu.resource ?? 'nvidia.com/gpu'}`) : []),
    ...add('image', spec.image),
    ...add('pod', status?.pod ?? 'none'),
    ...add('shell', `c here, or: kubectl creel -n ${metadata.namespace} connect ${metadata.name}`),
  ];
}
