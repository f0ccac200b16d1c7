// Grants by exact host and port. Expiry is read at each decision: it needs no timer and no message.
import type { Grant } from '../../protocol/snapshot.ts';

/** Whether no use is left of a grant that has only so many. */
export type IsUsedUp = (grant: Grant) => boolean;

export class GrantIndex {
  readonly #byHost = new Map<string, Grant[]>();
  readonly #isUsedUp: IsUsedUp;

  constructor(grants: readonly Grant[], isUsedUp: IsUsedUp) {
    this.#isUsedUp = isUsedUp;
    for (const grant of grants) {
      const same = this.#byHost.get(grant.host);
      if (same === undefined) this.#byHost.set(grant.host, [grant]);
      else same.push(grant);
    }
  }

  /** Live grants for exactly this host and port. One that is `held` has been paid for with a use, which may be its last. */
  find(host: string, port: number, nowMs: () => number, held: ReadonlySet<string> | undefined): readonly Grant[] {
    const grants = this.#byHost.size === 0 ? undefined : this.#byHost.get(host);
    if (grants === undefined) return none;
    const atMs = nowMs();
    return grants.filter(
      grant =>
        grant.port === port &&
        isLive(grant, atMs) &&
        (grant.uses === undefined || held?.has(grant.id) === true || !this.#isUsedUp(grant)),
    );
  }

  knows(host: string, nowMs: number): boolean {
    return this.#byHost.get(host)?.some(grant => isLive(grant, nowMs)) ?? false;
  }
}

const none: readonly Grant[] = [];

function isLive(grant: Grant, nowMs: number): boolean {
  return grant.expiresAtMs === undefined || nowMs < grant.expiresAtMs;
}
