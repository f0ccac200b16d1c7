// What a person typed, checked before anything is sent. Commander shows the message and exits with 2.
import { InvalidArgumentError } from 'commander';
import { durationMs } from '../../crds/schema/duration-ms.ts';
import { parseRequestTarget } from '../../engine/canonical/request-target.ts';
import type { SampledRequest } from '../../engine/compile/sampled-requests.ts';

/** As many as one decision may list. */
const maxRequests = 16;
const maxUses = 1_000_000;

/** `--for` of an approval: a duration, `session` or `forever`. */
export function parseApprovalTime(text: string): string {
  return text === 'session' || text === 'forever'
    ? text
    : parseTime(text, 'or session (until the pod is replaced), or forever (where a ceiling lets it)');
}

/** `--for` of a snooze: a duration. */
export function parseSnoozeTime(text: string): string {
  return parseTime(text, 'such as 1h');
}

function parseTime(text: string, otherwise: string): string {
  if (text.length <= 20 && durationMs(text) > 0) return text;
  throw new InvalidArgumentError(`Write a time like 5m, 1h or 8h30m, ${otherwise}.`);
}

export function parseUses(text: string): number {
  const uses = Number(text);
  if (/^[0-9]+$/.test(text) && uses >= 1 && uses <= maxUses) return uses;
  throw new InvalidArgumentError(`Write a whole number from 1 to ${maxUses}.`);
}

/** `--request "GET /path"`, which may be given up to 16 times. */
export function collectRequest(text: string, so: readonly SampledRequest[] = []): readonly SampledRequest[] {
  const [, method, target] = /^([A-Z][A-Z-]{0,31}) (\/\S*)$/.exec(text.trim()) ?? [];
  const parsed = parseRequestTarget(target ?? '');
  if (method === undefined || !parsed.ok || parsed.target.path.length > 1024)
    throw new InvalidArgumentError('Write a method and a path, quoted: --request "GET /v1/models".');
  if (target?.includes('?'))
    throw new InvalidArgumentError('A query is no part of it: every query of the path is covered. Leave it out.');
  if (so.length === maxRequests) throw new InvalidArgumentError(`One decision lists at most ${maxRequests}.`);
  return [...so, { method, path: parsed.target.path }];
}
