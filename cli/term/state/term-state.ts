// All that the terminal UI knows, as one immutable value. Objects are kept by uid: a name can be given anew.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../../crds/schema/sandbox.ts';
import type { Dialog } from './dialog.ts';
import type { RequestRow, Section } from './list-requests.ts';

export type Kind = 'sandboxes' | 'requests';
export type Pane = Kind | 'detail';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** How fresh one kind's objects are. */
export interface Link {
  readonly state: 'Connecting' | 'Live' | 'Lost' | 'Refused';
  /** When the API server was last heard; 0: never. */
  readonly heardMs: number;
  /** Of the failure, where there is one. */
  readonly message?: string;
  /** HTTP, where it is refused. */
  readonly status?: number;
}

/** A decision on its way, or what became of it. */
export interface Sent {
  readonly verdict: string;
  readonly state: 'Sending' | 'Stored' | 'Refused' | 'InForce';
  readonly sentMs: number;
  /** From the key press to the effect seen here. */
  readonly tookMs?: number;
  readonly message?: string;
}

export interface Notice {
  readonly kind: 'Info' | 'Good' | 'Warning';
  readonly text: string;
  readonly atMs: number;
}

export interface Scope {
  /** The namespace it was started for. */
  readonly home: string;
  /** Absent: all namespaces. */
  readonly namespace?: string;
}

export interface TermState {
  readonly scope: Scope;
  readonly size: Size;
  readonly nowMs: number;
  readonly links: Readonly<Record<Kind, Link>>;
  readonly sandboxes: ReadonlyMap<string, Sandbox>;
  readonly requests: ReadonlyMap<string, ApprovalRequest>;
  /** Requests that are deleted but keep their row until the user moves on. */
  readonly gone: ReadonlySet<string>;
  /** Where rows stay although their phase has changed, until the user moves on. */
  readonly held: ReadonlyMap<string, Section>;
  readonly showsEnded: boolean;
  readonly filters: Readonly<Record<Kind, string>>;
  /** Only the requests of this sandbox (uid). */
  readonly ofSandbox?: string;
  readonly focus: Pane;
  /** The list used last: its selected row is what the detail shows and keys act on. */
  readonly lastList: Kind;
  /** uids of the selected rows. */
  readonly cursor: Readonly<Partial<Record<Kind, string>>>;
  /** First line shown. */
  readonly top: Readonly<Record<Pane, number>>;
  /** What the lists show, derived from all of the above. */
  readonly rows: { readonly sandboxes: readonly Sandbox[]; readonly requests: readonly RequestRow[] };
  /** When the selected row last changed or moved without a key press: a key within a moment of it was meant for another row. */
  readonly movedMs: number;
  readonly lastKeyMs: number;
  readonly dialog?: Dialog;
  readonly sent: ReadonlyMap<string, Sent>;
  readonly notice?: Notice;
}

export interface StartOptions {
  readonly scope: Scope;
  readonly size: Size;
  readonly nowMs: number;
}

export function initialState({ scope, size, nowMs }: StartOptions): TermState {
  const link: Link = { state: 'Connecting', heardMs: 0 };
  return {
    scope,
    size,
    nowMs,
    links: { sandboxes: link, requests: link },
    sandboxes: new Map(),
    requests: new Map(),
    gone: new Set(),
    held: new Map(),
    showsEnded: false,
    filters: { sandboxes: '', requests: '' },
    focus: 'requests',
    lastList: 'requests',
    cursor: {},
    top: { sandboxes: 0, requests: 0, detail: 0 },
    rows: { sandboxes: [], requests: [] },
    movedMs: 0,
    lastKeyMs: nowMs,
    sent: new Map(),
  };
}
