const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A century: what is added to a time of now stays a date that can be written. */
const longestMs = 3_153_600_000_000;

/** Milliseconds of a Go duration as the schema admits it (`1h30m`), a century at most; NaN for anything else. */
export function durationMs(text: string): number {
  if (!/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/.test(text)) return Number.NaN;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g))
    total += Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN);
  return Math.min(total, longestMs);
}
