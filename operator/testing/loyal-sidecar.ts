// The sidecar's end of a session as the real one behaves where approvals are concerned: it keeps what it was given over the end of
// a session, takes nothing older, counts uses in a ledger of its own, and comes back to whoever serves.
import { randomBytes } from 'node:crypto';
import { compareRevisions, type Revision } from '../../protocol/revision.ts';
import type { DenialFrame, Standing } from '../../protocol/session.ts';
import type { Grant } from '../../protocol/snapshot.ts';
import type { HubClient } from './hub-client.ts';

export class LoyalSidecar {
  readonly countedBy = randomBytes(16).toString('hex');
  /** Names of all grants that were ever in force, in the order of their coming. */
  readonly everGranted = new Set<string>();
  /** Snapshots that were older than what is in force. */
  refusedRevisions = 0;
  /** Called when grants come into force. */
  onGrants: (ids: readonly string[]) => void = () => undefined;
  #client: HubClient | undefined;
  #revision: Revision | undefined;
  #grants: readonly Grant[] = [];
  readonly #standings = new Map<string, Standing>();
  #nextId = 1;

  get grants(): readonly string[] {
    return this.#grants.map(({ id }) => id);
  }

  get isConnected(): boolean {
    return this.#client !== undefined && !this.#client.closed;
  }

  standing(approval: string): Standing | undefined {
    return this.#standings.get(approval);
  }

  attach(client: HubClient): void {
    this.#client = client;
    const revision = this.#revision === undefined ? {} : { revision: this.#revision };
    client.onFrame(frame => {
      if (frame.type === 'snapshot') this.#apply(client);
      if (frame.type !== 'decided') return;
      if (frame.standing === undefined) this.#standings.delete(frame.approval);
      else this.#standings.set(frame.approval, frame.standing);
    });
    client.say({ type: 'hello', protocol: 1, sidecar: 'loyal', countedBy: this.countedBy, ...revision });
  }

  detach(): void {
    this.#client?.end();
    this.#client = undefined;
  }

  /** One denial; what comes of it, or undefined where the hub ends before it answers. */
  async deny(fields: Omit<DenialFrame, 'type' | 'id' | 'hits'>, timeoutMs: number): Promise<string | undefined> {
    const client = this.#client;
    if (client === undefined || client.closed) return undefined;
    const id = this.#nextId++;
    client.say({ type: 'denial', id, hits: 1, ...fields });
    const answer = client.frame(
      (frame): frame is Extract<typeof frame, { type: 'asked' }> => frame.type === 'asked' && frame.id === id,
    );
    const late = new Promise<undefined>(resolve => void setTimeout(() => resolve(undefined), timeoutMs).unref());
    return (await Promise.race([answer, late]))?.approval;
  }

  #apply(client: HubClient): void {
    const { revision, policy, grants, route } = client.snapshot() ?? {};
    if (revision === undefined) return;
    if (this.#revision !== undefined && compareRevisions(revision, this.#revision) < 0) {
      this.refusedRevisions++;
      return;
    }
    this.#revision = revision;
    this.#grants = grants?.items ?? [];
    for (const id of this.grants) this.everGranted.add(id);
    this.onGrants(this.grants);
    const hashes = { policy: policy?.hash ?? '', grants: grants?.hash ?? '', route: route?.hash ?? '' };
    client.say({ type: 'ack', revision, hashes, closed: 0 });
  }
}
