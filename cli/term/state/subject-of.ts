import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { RequestRow } from './list-requests.ts';
import type { TermState } from './term-state.ts';

export type Subject =
  | { readonly type: 'Request'; readonly row: RequestRow }
  | { readonly type: 'Sandbox'; readonly sandbox: Sandbox };

/** What the detail shows and keys act on: the selected row, by its uid, of the list that was used last. */
export function subjectOf(state: TermState): Subject | undefined {
  const uid = state.cursor[state.lastList];
  if (uid === undefined) return undefined;
  if (state.lastList === 'sandboxes') {
    const sandbox = state.sandboxes.get(uid);
    return sandbox && { type: 'Sandbox', sandbox };
  }
  const row = state.rows.requests.find(candidate => candidate.uid === uid);
  return row && { type: 'Request', row };
}
