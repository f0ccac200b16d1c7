import type { Figure } from './figure.ts';

export interface BenchContext {
  /** Says what is going on, on standard error. */
  readonly progress: (text: string) => void;
  /** Interrupted: the bench rejects soon, with its cluster taken down. */
  readonly signal: AbortSignal;
  /** How many samples to take where the figure's own number is `usual`: fewer for a trial of the bench itself. */
  readonly count: (usual: number) => number;
}

/** Measures on a cluster of its own; figures by name. */
export type Bench = (context: BenchContext) => Promise<Readonly<Record<string, Figure>>>;
