// `decision.by` for whoever decides with bare kubectl. A name that was written is left alone: an admission policy compares it with
// the caller's, so that a forged one is refused and not corrected in silence.
import type { PatchOperation } from './verdict.ts';

interface Decided {
  readonly spec?: { readonly decision?: { readonly by?: unknown } };
}

/** A new decision by a merge patch still carries the name of who decided before: that is none of the caller's writing. */
export function fillDecider(object: Decided, before: Decided | undefined, username: string): readonly PatchOperation[] {
  const decision = object.spec?.decision;
  const decided = before?.spec?.decision;
  if (typeof decision !== 'object' || decision === null) return [];
  if (JSON.stringify(decision) === JSON.stringify(decided)) return [];
  const isLeftOver = decided?.by !== undefined && decision.by === decided.by;
  if ((decision.by !== undefined && !isLeftOver) || decision.by === username) return [];
  return [{ op: 'add', path: '/spec/decision/by', value: username }];
}
