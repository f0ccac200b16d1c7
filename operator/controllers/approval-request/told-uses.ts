// What sidecars say of uses, as often as status may be written: the last use at once, others every ten seconds.

export interface ToldUses {
  /** `max`: then it counts at once. `againAfterMs`: when more that is known by now may be told. */
  view(uid: string, used: number, max: number): { readonly used: number; readonly againAfterMs?: number };
  forget(uid: string): void;
}

const everyMs = 10_000;

export function createToldUses(nowMs: () => number): ToldUses {
  const told = new Map<string, { readonly used: number; readonly atMs: number }>();
  return {
    view(uid, used, max) {
      const last = told.get(uid);
      if (last?.used === used) return { used };
      const waitMs = last === undefined ? 0 : last.atMs + everyMs - nowMs();
      if (last !== undefined && used < max && waitMs > 0) return { used: last.used, againAfterMs: waitMs };
      told.set(uid, { used, atMs: nowMs() });
      return { used };
    },
    forget: uid => void told.delete(uid),
  };
}
