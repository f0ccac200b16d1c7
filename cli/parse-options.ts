// Values of options, checked before anything is sent; commander shows the message and we exit with 2.
import { InvalidArgumentError } from 'commander';
import { durationMs } from '../crds/schema/duration-ms.ts';

/** Milliseconds of `30s`, `10m`, `1h30m`. */
export function parseDurationMs(text: string): number {
  const ms = durationMs(text);
  if (ms > 0) return ms;
  throw new InvalidArgumentError('Write a time like 30s, 10m or 2h.');
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (/^[0-9]{1,9}$/.test(text) && count > 0) return count;
  throw new InvalidArgumentError('Write a whole number above 0.');
}
