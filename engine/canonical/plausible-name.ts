// Which unlisted names are worth asking a person about. Typos, search-list leftovers and browsers' random probes are not.

/** Never delegated in the public DNS (RFC 2606, 6761, 6762, 7686, 8375, 9476, ICANN's .internal) or only local by custom.
 * `test` and `example` stay askable: private zones and the project's own tests use them. */
const localOnly: ReadonlySet<string> = new Set([
  'alt',
  'arpa',
  'corp',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'mail',
  'onion',
  'private',
  'cluster',
  'svc',
]);

/** At least two labels under a top-level name that can exist in public. Takes a canonical name. */
export function isPlausibleName(name: string): boolean {
  const dot = name.lastIndexOf('.');
  if (dot < 0) return false;
  const top = name.slice(dot + 1);
  return top.length >= 2 && !localOnly.has(top) && /^([a-z]+|xn--[a-z0-9-]+)$/.test(top);
}
