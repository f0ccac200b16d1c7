// The first line: where this is, how much waits, and how fresh it is.
import { formatAge } from '../../output/format-age.ts';
import { sectionOf } from '../state/list-requests.ts';
import type { Link, TermState } from '../state/term-state.ts';
import { cellWidth, fit } from './cells.ts';
import { type Line, span } from './line.ts';
import type { Theme } from './theme.ts';

export function headLine(state: TermState, theme: Theme): Line {
  const where = state.scope.namespace ?? 'all namespaces';
  const right = ` ${freshness(state)} `;
  const pending = [...state.requests.values()].filter(request => sectionOf(request) === 'Open').length;
  const left = ` creel  ${where}  ${pending} pending`;
  const isTrouble = worst(state).state !== 'Live';
  const leftText = fit(left, Math.max(0, state.size.columns - cellWidth(right)), theme);
  return [
    span(leftText, { inverse: true, bold: true }),
    span(right, { inverse: true, bold: isTrouble, ...(isTrouble ? { color: 'red' as const } : {}) }),
  ];
}

/** Of both kinds the one in more trouble. */
export function worst({ links }: TermState): Link {
  const order: readonly Link['state'][] = ['Lost', 'Refused', 'Connecting', 'Live'];
  return order.flatMap(wanted => Object.values(links).filter(({ state }) => state === wanted))[0] ?? links.requests;
}

function freshness(state: TermState): string {
  const link = worst(state);
  const clock = new Date(state.nowMs).toISOString().slice(11, 19);
  switch (link.state) {
    case 'Live':
      return `live ${clock} UTC`;
    case 'Connecting':
      return `connecting ${clock} UTC`;
    case 'Refused':
      return `REFUSED ${clock} UTC`;
    case 'Lost':
      return link.heardMs === 0
        ? `OFFLINE, retrying`
        : `OFFLINE, retrying; data is ${formatAge(link.heardMs, state.nowMs)} old`;
    default:
      return link.state satisfies never;
  }
}
