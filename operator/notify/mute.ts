import { annotations } from '../../crds/schema/group.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

/** Until when nothing is said of a sandbox, Unix ms: 0 is not muted, Infinity for good. Of several the longest holds. */
export function mutedUntilMs(...objects: readonly Annotations[]): number {
  return Math.max(0, ...objects.map(one => untilOf(one?.[annotations.muteNotifications])));
}

/** `true`, or a time. What cannot be read mutes nothing: a notification too many does less harm than one that is missing. */
function untilOf(text: string | undefined): number {
  if (text === 'true') return Number.POSITIVE_INFINITY;
  const ms = /^\d{4}-\d{2}-\d{2}T/.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
  return Number.isNaN(ms) ? 0 : ms;
}
