// Requests that a person can approve one by one, out of the samples a denial left: `METHOD /path` or `METHOD host/path`.
import { parseRequestTarget } from '../canonical/request-target.ts';

export interface SampledRequest {
  readonly method: string;
  /** Canonical. */
  readonly path: string;
}

/** Samples are cut at this length: one that is as long may be half a path. */
const maxSampleLength = 512;

/** Without repeats. A sample that is no such request makes none: it is never guessed at. */
export function sampledRequests(host: string, samples: readonly string[]): readonly SampledRequest[] {
  const found = samples.flatMap(sample => readSample(host, sample) ?? []);
  return [...new Map(found.map(request => [`${request.method} ${request.path}`, request])).values()];
}

function readSample(host: string, sample: string): SampledRequest | undefined {
  if (sample.length >= maxSampleLength) return undefined;
  const match = /^([A-Z][A-Z-]{0,31}) ([^\s/]*)(\/\S*)$/.exec(sample);
  const [, method, named, target] = match ?? [];
  if (method === undefined || target === undefined || (named !== '' && named !== host)) return undefined;
  const parsed = parseRequestTarget(target);
  return parsed.ok ? { method, path: parsed.target.path } : undefined;
}
