// Drafts of one entry that say the same about different hosts become one rule; every rule gets a name of its own.
import type { AllowRule } from '../../../crds/schema/egress-rule.ts';
import type { RuleDraft } from './rule-draft.ts';

interface Place {
  readonly path: string;
  readonly line: number;
}

interface Entry {
  readonly name: string;
  readonly place: Place;
  readonly drafts: readonly RuleDraft[];
  readonly binaries: { readonly binaries?: string[] };
}

export interface NamedRules {
  readonly rules: readonly AllowRule[];
  /** Where each rule came from. */
  readonly places: ReadonlyMap<string, Place>;
}

export function nameRules(entries: readonly Entry[]): NamedRules {
  const places = new Map<string, Place>();
  const rules = entries.flatMap(({ name, place, drafts, binaries }) =>
    merge(drafts).map(({ to, protocol, ...rest }): AllowRule => {
      const free = freeName(labelOf(name), places);
      places.set(free, place);
      return { name: free, to, protocol, ...binaries, ...rest };
    }),
  );
  return { rules, places };
}

function merge(drafts: readonly RuleDraft[]): readonly RuleDraft[] {
  const merged = new Map<string, RuleDraft>();
  for (const { to, ...rest } of drafts) {
    const key = JSON.stringify(rest);
    merged.set(key, { ...rest, to: [...(merged.get(key)?.to ?? []), ...to] });
  }
  return [...merged.values()];
}

function labelOf(text: string): string {
  const label = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return label.slice(0, 58).replace(/-+$/, '') || 'rule';
}

function freeName(label: string, taken: ReadonlyMap<string, unknown>): string {
  if (!taken.has(label)) return label;
  for (let number = 2; ; number++) if (!taken.has(`${label}-${number}`)) return `${label}-${number}`;
}
