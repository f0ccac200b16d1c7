// Every open session, what each sidecar has said, and who wants to hear of it.
import { compareRevisions, type Revision } from '../../protocol/revision.ts';
import type { DenialFrame, GrantUse, Standing } from '../../protocol/session.ts';
import type { CurrentSnapshot, SnapshotRegistry } from '../snapshots/types.ts';
import { isPodAddress, type RecordedPod } from './authenticate.ts';
import {
  type AskedAnswer,
  type Canaries,
  Session,
  type SessionEvents,
  type SessionPeer,
  type SessionTransport,
} from './session.ts';
import type { SessionState } from './session-state.ts';

export interface HubOptions {
  readonly registry: Pick<SnapshotRegistry, 'get' | 'subscribe'>;
  readonly denial: (peer: SessionPeer, frame: DenialFrame, answer: (asked: AskedAnswer) => void) => void;
  readonly nowMs: () => number;
}

/** What a change was about: an ack releases waiting approvals, the rest can wait a little. */
export type HubChange = 'Connected' | 'Disconnected' | 'Acked' | 'Used' | 'Reported';
type Listener = (sandboxUid: string, change: HubChange) => void;

/** What controllers may ask of the hub. */
export interface HubView {
  state(sandboxUid: string): SessionState | undefined;
  subscribe(listener: Listener, signal: AbortSignal): void;
}

export class Hub implements HubView {
  readonly #options: HubOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #states = new Map<string, SessionState>();
  readonly #listeners = new Set<Listener>();

  constructor(options: HubOptions, signal: AbortSignal) {
    this.#options = options;
    options.registry.subscribe((sandboxUid, current) => this.#publish(sandboxUid, current), signal);
  }

  state(sandboxUid: string): SessionState | undefined {
    return this.#states.get(sandboxUid);
  }

  get openSessions(): number {
    return this.#sessions.size;
  }

  subscribe(listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /** One session a sandbox: the newer one wins, its token was reviewed later. */
  open(peer: SessionPeer, transport: SessionTransport, canaries: Canaries): Session {
    this.#sessions.get(peer.sandboxUid)?.close('Replaced');
    const session = new Session(peer, transport, this.#events(), canaries);
    this.#sessions.set(peer.sandboxUid, session);
    const current = this.#options.registry.get(peer.sandboxUid);
    if (current) session.offer(current.snapshot);
    return session;
  }

  /** Tells a sandbox's sidecar, where one is connected, how a request of it stands. */
  decided(sandboxUid: string, approval: string, standing: Standing | undefined): void {
    this.#sessions.get(sandboxUid)?.decided(approval, standing);
  }

  ended(session: Session): void {
    const { sandboxUid } = session.peer;
    if (this.#sessions.get(sandboxUid) !== session) return;
    this.#sessions.delete(sandboxUid);
    this.#change(sandboxUid, 'Disconnected', { connected: false, sinceMs: this.#options.nowMs() });
  }

  /** The kubelet has told a pod's addresses, or the pod is gone: a session from elsewhere ends. */
  recheck(sandboxUid: string, pod: RecordedPod | undefined): void {
    const session = this.#sessions.get(sandboxUid);
    if (session === undefined) return;
    if (pod === undefined || pod.podUid !== session.peer.podUid) session.close('PodGone');
    else if (!isPodAddress(session.peer.address, pod)) session.close('WrongAddress');
  }

  #publish(sandboxUid: string, current: CurrentSnapshot | undefined): void {
    const session = this.#sessions.get(sandboxUid);
    if (current) return session?.offer(current.snapshot);
    session?.close('SandboxGone');
    this.#states.delete(sandboxUid);
  }

  #events(): SessionEvents {
    return {
      hello: ({ sandboxUid, podUid }, { sidecar, countedBy }) => {
        const before = this.#states.get(sandboxUid);
        // What another pod said, or a memory that is gone, says nothing about this one.
        const isSame = before?.podUid === podUid && before.countedBy === countedBy;
        const kept = isSame ? before : { podUid, dropped: 0 };
        const since = { connected: true, sinceMs: this.#options.nowMs(), sidecar };
        this.#states.set(sandboxUid, { ...kept, ...since, ...(countedBy === undefined ? {} : { countedBy }) });
        this.#tell(sandboxUid, 'Connected');
      },
      acked: (peer, revision, grants) => this.#acked(peer, revision, grants),
      report: ({ sandboxUid }, frame) => {
        switch (frame.type) {
          case 'health':
            return this.#change(sandboxUid, 'Reported', { fence: { state: frame.fence, message: frame.message } });
          case 'networkPolicy':
            return this.#change(sandboxUid, 'Reported', {
              networkPolicy: { enforced: frame.enforced, message: frame.message },
            });
          case 'nack':
            return this.#change(sandboxUid, 'Reported', { nack: { revision: frame.revision, reason: frame.reason } });
          case 'uses':
            return this.#used(sandboxUid, frame.uses);
          case 'usage': {
            const { profile, requests, tokens, dropped } = frame;
            return this.#change(sandboxUid, 'Reported', { usage: { profile, requests, tokens }, dropped });
          }
        }
      },
      denial: (peer, frame, answer) => this.#options.denial(peer, frame, answer),
    };
  }

  #acked({ sandboxUid }: SessionPeer, revision: Revision, names: readonly string[]): void {
    const before = this.#states.get(sandboxUid)?.acked;
    if (before && compareRevisions(revision, before.revision) < 0) return;
    const atMs = this.#options.nowMs();
    const grantedAtMs = new Map(names.map(name => [name, before?.grantedAtMs.get(name) ?? atMs]));
    this.#change(sandboxUid, 'Acked', { acked: { revision, atMs, grants: new Set(names), grantedAtMs } });
  }

  /** Totals never shrink, whatever a sidecar says, and are of grants that it was given. */
  #used(sandboxUid: string, told: readonly GrantUse[]): void {
    const uses = new Map(this.#states.get(sandboxUid)?.uses);
    const given = this.#options.registry.get(sandboxUid)?.snapshot.grants.items ?? [];
    for (const { approval, used } of told)
      if (given.some(({ id, uses: bound }) => id === approval && bound !== undefined))
        uses.set(approval, Math.max(used, uses.get(approval) ?? 0));
    this.#change(sandboxUid, 'Used', { uses });
  }

  #change(sandboxUid: string, change: HubChange, fields: Partial<SessionState>): void {
    const before = this.#states.get(sandboxUid);
    if (before === undefined) return;
    this.#states.set(sandboxUid, { ...before, ...fields });
    this.#tell(sandboxUid, change);
  }

  #tell(sandboxUid: string, change: HubChange): void {
    for (const listener of this.#listeners) listener(sandboxUid, change);
  }
}
