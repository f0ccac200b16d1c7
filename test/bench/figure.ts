/** One measured figure against its goal, as `--json` prints it. */
export interface Figure {
  readonly ours: number;
  readonly peer?: number;
  readonly ratio?: number;
  readonly unit: '%' | 'x' | 'ms' | 'MB' | '/s' | 'MB/s' | 'us' | 'B';
  readonly goal: string;
  readonly met: boolean;
  /** Quartiles and extremes of the samples, and how many they are. */
  readonly spread: string;
}

/** A figure that must not exceed its goal. */
export function atMost(ours: number, goal: number, unit: Figure['unit'], samples: readonly number[]): Figure {
  return { ours: round(ours), unit, goal: `<= ${goal}`, met: ours <= goal, spread: spreadOf(samples) };
}

/** A figure that must reach its goal; `spread` says of what it is. */
export function atLeast(ours: number, goal: number, unit: Figure['unit'], spread: string): Figure {
  return { ours: round(ours), unit, goal: `>= ${goal}`, met: ours >= goal, spread };
}

/** The median of ours over the peer's, from interleaved rounds, which must reach its goal. */
export function ratioAtLeast(
  ours: readonly number[],
  peer: readonly number[],
  goal: number,
  unit: Figure['unit'],
): Figure {
  const [oursMedian, peerMedian] = [quantile(ours, 0.5), quantile(peer, 0.5)];
  const ratio = oursMedian / peerMedian;
  const spread = `${spreadOf(ours)} vs ${spreadOf(peer)}`;
  const figures = { ours: round(oursMedian), peer: round(peerMedian), ratio: round(ratio), unit };
  return { ...figures, goal: `>= ${goal}x`, met: ratio >= goal, spread };
}

/** The same for what must not exceed it. */
export function ratioAtMost(
  ours: readonly number[],
  peer: readonly number[],
  goal: number,
  unit: Figure['unit'],
): Figure {
  const figure = ratioAtLeast(ours, peer, goal, unit);
  return { ...figure, goal: `<= ${goal}x`, met: (figure.ratio ?? Number.NaN) <= goal };
}

/** Nearest-rank quantile of unsorted samples; NaN when there are none, which meets no goal. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

function spreadOf(samples: readonly number[]): string {
  const at = (q: number) => round(quantile(samples, q));
  return `${at(0)} [${at(0.25)} ${at(0.5)} ${at(0.75)}] ${at(1)} (n=${samples.length})`;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
