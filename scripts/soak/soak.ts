/** Something that can go on for as long as one likes. */
export interface Soak {
  readonly targets: readonly string[];
  /** Prints what it did; false when it failed, and it has said how. */
  readonly run: (options: SoakOptions) => Promise<boolean>;
}

export interface SoakOptions {
  /** Some of `targets`. */
  readonly names: readonly string[];
  readonly seed: number;
  /** Asked after each round, with the executions so far. */
  readonly isOver: (executions: number) => boolean;
}
