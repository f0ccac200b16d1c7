// What an import has to say about one place of the file.

/**
 * Refused: an error, nothing is imported. Unsupported: left out. Inert: has no effect where it comes from, and none here.
 * Differs: imported, but read the note.
 */
export type FindingKind = 'Refused' | 'Unsupported' | 'Inert' | 'Differs';

export interface Finding {
  readonly kind: FindingKind;
  /** `network_policies.github.endpoints[0].access` */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

interface Place {
  readonly path: string;
  readonly line: number;
}

/** Collects everything that is wrong: who imports a file wants to mend it once. */
export class Findings {
  readonly #all: Finding[] = [];

  refused(place: Place, message: string): void {
    this.#add('Refused', place, message);
  }

  unsupported(place: Place, message: string): void {
    this.#add('Unsupported', place, message);
  }

  inert(place: Place, message: string): void {
    this.#add('Inert', place, message);
  }

  differs(place: Place, message: string): void {
    this.#add('Differs', place, message);
  }

  /** In the order of the file. */
  list(): readonly Finding[] {
    return this.#all.toSorted((a, b) => a.line - b.line);
  }

  get hasRefusals(): boolean {
    return this.#all.some(({ kind }) => kind === 'Refused');
  }

  #add(kind: FindingKind, { path, line }: Place, message: string): void {
    this.#all.push({ kind, path, line, message });
  }
}
