// What the watches bring. Rows that are on the list stay where they are, however their request ends, until the user moves on.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { StoreChange } from '../../../engine/watch/watch-state.ts';
import { type Section, sectionOf } from './list-requests.ts';
import type { TermState } from './term-state.ts';

export function takeSandboxes(state: TermState, change: StoreChange<Sandbox>): TermState {
  if (change.type === 'Replace')
    return { ...state, sandboxes: new Map(change.objects.map(object => [object.metadata.uid, object])) };
  const sandboxes = new Map(state.sandboxes);
  if (change.type === 'Remove') sandboxes.delete(change.object.metadata.uid);
  else sandboxes.set(change.object.metadata.uid, change.object);
  return { ...state, sandboxes };
}

export function takeRequests(state: TermState, change: StoreChange<ApprovalRequest>): TermState {
  const requests = new Map(state.requests);
  const gone = new Set(state.gone);
  const held = new Map(state.held);
  const listed = new Map(state.rows.requests.map(({ uid, section }) => [uid, section]));
  const hold = (uid: string, section: Section | undefined) => {
    const shown = listed.get(uid);
    if (shown !== undefined && shown !== section && !held.has(uid)) held.set(uid, shown);
  };
  const remove = (uid: string) => {
    if (listed.has(uid)) {
      hold(uid, undefined);
      gone.add(uid);
    } else requests.delete(uid);
  };
  const put = (object: ApprovalRequest) => {
    const { uid } = object.metadata;
    hold(uid, sectionOf(object));
    gone.delete(uid);
    requests.set(uid, object);
  };
  if (change.type === 'Replace') {
    const there = new Set(change.objects.map(({ metadata }) => metadata.uid));
    for (const uid of state.requests.keys()) if (!there.has(uid)) remove(uid);
    change.objects.forEach(put);
  } else if (change.type === 'Remove') remove(change.object.metadata.uid);
  else put(change.object);
  return { ...state, requests, gone, held };
}

/** The user looks elsewhere: rows go where they belong, those of deleted requests away. `except` stays. */
export function releaseRows(state: TermState, except?: string): TermState {
  const isKept = (uid: string) => uid === except;
  if ([...state.held.keys(), ...state.gone].every(isKept)) return state;
  const requests = new Map(state.requests);
  for (const uid of state.gone) if (!isKept(uid)) requests.delete(uid);
  return {
    ...state,
    requests,
    gone: new Set([...state.gone].filter(isKept)),
    held: new Map([...state.held].filter(([uid]) => isKept(uid))),
  };
}
