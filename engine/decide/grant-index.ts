// Grants by exact host and port. Expiry is read at each decision: it needs no timer and no message.
import type { Grant } from '../../protocol/snapshot.ts';

export class GrantIndex {
  readonly #byHost = new Map<string, Grant[]>();

  constructor(grants: readonly Grant[]) {
    for (const grant of grants) {
      const same = this.#byHost.get(grant.host);
      if (same === undefined) this.#byHost.set(grant.host, [grant]);
      else same.push(grant);
    }
  }

  /** Live grants for exactly this host and port. */
  find(host: string, port: number, nowMs: number): readonly Grant[] {
    const grants = this.#byHost.get(host);
    return grants === undefined ? none : grants.filter(grant => grant.port === port && isLive(grant, nowMs));
  }

  knows(host: string, nowMs: number): boolean {
    return this.#byHost.get(host)?.some(grant => isLive(grant, nowMs)) ?? false;
  }
}

const none: readonly Grant[] = [];

function isLive(grant: Grant, nowMs: number): boolean {
  return grant.expiresAtMs === undefined || nowMs < grant.expiresAtMs;
}
