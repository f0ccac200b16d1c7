/**
 * A name as the most forgiving decoders compare it: Go's encoding/json and .NET's web defaults ignore case, Go also across
 * U+017F and U+212A. `_` and `-` go too, for binders that make camel case of them.
 */
export function foldName(name: string): string {
  return name.toUpperCase().toLowerCase().replaceAll(/[_-]/g, '');
}
