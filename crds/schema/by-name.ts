/** A list whose items are told apart by name: the API server merges and refuses by it. */
export const byName = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] };

/** What the API server's list-map says of names, for zod. */
export function namesAreUnique(items: readonly { readonly name: string }[]): boolean {
  return new Set(items.map(({ name }) => name)).size === items.length;
}
