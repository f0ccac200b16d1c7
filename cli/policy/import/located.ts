/** A value of a YAML file that knows where it stands. */
export type Located = LocatedMap | LocatedList | LocatedScalar;

interface Place {
  /** `a.b[0].c`; empty for the document. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
}

export interface LocatedMap extends Place {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Located>;
}

export interface LocatedList extends Place {
  readonly kind: 'list';
  readonly items: readonly Located[];
}

export interface LocatedScalar extends Place {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written: tells 0443 from 443. */
  readonly source: string;
}
