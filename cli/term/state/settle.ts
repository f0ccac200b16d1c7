// After every step: what the lists show now, and that the selection is still where it was.
import { heightOf } from '../layout.ts';
import { keepRow, showRow } from './keep-row.ts';
import { listRequests } from './list-requests.ts';
import { listSandboxes } from './list-sandboxes.ts';
import type { Kind, TermState } from './term-state.ts';

/** Without a key for so long nobody is about to press one: the newest may scroll into sight. */
const idleMs = 10_000;

/** `byUser`: the step was a key or a new size, so that what it moves surprises nobody. */
export function settle(before: TermState, after: TermState, byUser: boolean): TermState {
  return settleSandboxes(before, settleRequests(before, after, byUser), byUser);
}

function settleRequests(before: TermState, after: TermState, byUser: boolean): TermState {
  const isSame =
    before.requests === after.requests &&
    before.gone === after.gone &&
    before.held === after.held &&
    before.showsEnded === after.showsEnded &&
    before.filters.requests === after.filters.requests &&
    before.ofSandbox === after.ofSandbox;
  const requests = isSame ? after.rows.requests : listRequests({ ...after, filter: after.filters.requests });
  const ids = requests.map(({ uid }) => uid);
  const height = heightOf(after.size, 'requests');
  const old = { ids: isSame ? ids : before.rows.requests.map(({ uid }) => uid), cursor: after.cursor.requests };
  const isIdle = after.dialog === undefined && after.nowMs - after.lastKeyMs > idleMs;
  const kept = keepRow({ ...old, top: after.top.requests }, ids, height, isIdle);
  const isMoved = byUser && hasMoved(before, after, 'requests');
  const top = isMoved ? showRow(ids.indexOf(kept.cursor ?? ''), after.top.requests, ids.length, height) : kept.top;
  return {
    ...after,
    rows: { ...after.rows, requests },
    cursor: withCursor(after.cursor, 'requests', kept.cursor),
    top: { ...after.top, requests: top },
    movedMs: kept.hasMoved && !byUser ? after.nowMs : after.movedMs,
  };
}

function settleSandboxes(before: TermState, after: TermState, byUser: boolean): TermState {
  const isSame = before.sandboxes === after.sandboxes && before.filters.sandboxes === after.filters.sandboxes;
  const sandboxes = isSame ? after.rows.sandboxes : listSandboxes(after.sandboxes, after.filters.sandboxes);
  const ids = sandboxes.map(({ metadata }) => metadata.uid);
  const height = heightOf(after.size, 'sandboxes');
  const old = {
    ids: isSame ? ids : before.rows.sandboxes.map(({ metadata }) => metadata.uid),
    cursor: after.cursor.sandboxes,
  };
  const kept = keepRow({ ...old, top: after.top.sandboxes }, ids, height, false);
  const isMoved = byUser && hasMoved(before, after, 'sandboxes');
  const top = isMoved ? showRow(ids.indexOf(kept.cursor ?? ''), after.top.sandboxes, ids.length, height) : kept.top;
  return {
    ...after,
    rows: { ...after.rows, sandboxes },
    cursor: withCursor(after.cursor, 'sandboxes', kept.cursor),
    top: { ...after.top, sandboxes: top },
  };
}

/** The user went elsewhere, or looks at other rows or through another window. */
function hasMoved(before: TermState, after: TermState, kind: Kind): boolean {
  return (
    before.cursor[kind] !== after.cursor[kind] ||
    before.size !== after.size ||
    before.filters[kind] !== after.filters[kind] ||
    before.showsEnded !== after.showsEnded ||
    before.ofSandbox !== after.ofSandbox
  );
}

function withCursor(cursor: TermState['cursor'], kind: Kind, uid: string | undefined): TermState['cursor'] {
  if (cursor[kind] === uid) return cursor;
  const { [kind]: _uid, ...others } = cursor;
  return uid === undefined ? others : { ...others, [kind]: uid };
}
