/** An absent or empty matchLabels selects everything. */
export function selectorMatches(
  selector: { readonly matchLabels?: Readonly<Record<string, string>> | undefined },
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => labels !== undefined && Object.hasOwn(labels, key) && labels[key] === value,
  );
}
