// Reads a map field by field; what nobody has asked for by the end is an unknown key.
import type { Findings } from './finding.ts';
import type { Located, LocatedMap } from './located.ts';

export class Fields {
  readonly #map: LocatedMap;
  readonly #findings: Findings;
  readonly #known = new Set<string>();

  constructor(map: LocatedMap, findings: Findings) {
    this.#map = map;
    this.#findings = findings;
  }

  /** Refuses what is no map. */
  static of(value: Located, findings: Findings): Fields | undefined {
    if (value.kind === 'map') return new Fields(value, findings);
    findings.refused(value, 'must be a map');
    return undefined;
  }

  get place(): { readonly path: string; readonly line: number } {
    return this.#map;
  }

  /** Where a field stands, or would stand. */
  at(name: string): { readonly path: string; readonly line: number } {
    const { path, line } = this.#map;
    return this.#map.entries.get(name) ?? { path: path === '' ? name : `${path}.${name}`, line };
  }

  raw(name: string): Located | undefined {
    this.#known.add(name);
    return this.#map.entries.get(name);
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  text(name: string): string | undefined {
    return this.#scalar(name, 'text', (value): value is string => typeof value === 'string');
  }

  flag(name: string): boolean | undefined {
    return this.#scalar(name, 'true or false', (value): value is boolean => typeof value === 'boolean');
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined || choices.includes(value as T)) return value as T | undefined;
    const given = choices.filter(choice => choice !== '').join(', ');
    this.#findings.refused(this.at(name), `${JSON.stringify(value)} is none of ${given}`);
    return undefined;
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : readWhole(value, min, max, this.#findings);
  }

  list(name: string): readonly Located[] | undefined {
    const value = this.raw(name);
    if (value === undefined || value.kind === 'list') return value?.items;
    this.#findings.refused(value, 'must be a list');
    return undefined;
  }

  texts(name: string): readonly string[] | undefined {
    return this.list(name)?.flatMap(item => {
      if (item.kind === 'scalar' && typeof item.value === 'string') return [item.value];
      this.#findings.refused(item, 'must be text');
      return [];
    });
  }

  map(name: string): LocatedMap | undefined {
    const value = this.raw(name);
    if (value === undefined || value.kind === 'map') return value;
    this.#findings.refused(value, 'must be a map');
    return undefined;
  }

  fields(name: string): Fields | undefined {
    const map = this.map(name);
    return map === undefined ? undefined : new Fields(map, this.#findings);
  }

  /** Refuses what was never asked for. */
  done(hint = 'unknown key'): void {
    for (const [name, value] of this.#map.entries) if (!this.#known.has(name)) this.#findings.refused(value, hint);
  }

  #scalar<T>(name: string, what: string, is: (value: unknown) => value is T): T | undefined {
    const found = this.raw(name);
    if (found === undefined) return undefined;
    if (found.kind === 'scalar' && is(found.value)) return found.value;
    this.#findings.refused(
      found,
      `must be ${what}${found.kind === 'scalar' ? `, not ${found.source || 'empty'}` : ''}`,
    );
    return undefined;
  }
}

/** Decimal digits only: 0443 and 0o673 are other numbers to other parsers. */
export function readWhole(value: Located, min: number, max: number, findings: Findings): number | undefined {
  if (value.kind === 'scalar' && typeof value.value === 'number') {
    const isDecimal = /^(0|[1-9][0-9]*)$/.test(value.source);
    if (isDecimal && value.value >= min && value.value <= max) return value.value;
    if (!isDecimal) {
      findings.refused(
        value,
        `${value.source} is not a plain decimal number; write it without sign, prefix or leading zero`,
      );
      return undefined;
    }
  }
  const shown = value.kind === 'scalar' ? value.source || 'empty' : `a ${value.kind}`;
  findings.refused(value, `must be a whole number from ${min} to ${max}, not ${shown}`);
  return undefined;
}
