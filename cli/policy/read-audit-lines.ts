// The sidecar's log: one line of JSON a decision. What was denied askably, or allowed by a rule in mode Audit, was wanted.
import { z } from 'zod';
import type { Sighting } from './learn-policy.ts';

const line = z.looseObject({
  msg: z.literal('connection'),
  decision: z.enum(['Allow', 'Deny', 'Ask']),
  reason: z.string(),
  host: z.string(),
  port: z.int(),
  binary: z.string().exactOptional(),
  method: z.string().exactOptional(),
  path: z.string().exactOptional(),
  mode: z.string().exactOptional(),
});

const wanted: ReadonlySet<string> = new Set(['NotListed', 'RequestNotAllowed', 'Audit']);

/** Equal sightings are counted; lines that are none of ours are passed over. */
export function sightingsOfLog(text: string): readonly Sighting[] {
  const counted = new Map<string, Sighting>();
  for (const raw of text.split('\n')) {
    const parsed = line.safeParse(parseJson(raw));
    if (!parsed.success) continue;
    const { host, port, binary, method, path, reason, mode } = parsed.data;
    if (!wanted.has(reason) && mode !== 'Audit') continue;
    const key = JSON.stringify([host, port, binary, method, path]);
    const count = (counted.get(key)?.count ?? 0) + 1;
    counted.set(key, { host, port, binary, method, path, count, from: 'log' });
  }
  return [...counted.values()];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Node's own warnings and the guard's lines are in the same log.
    return undefined;
  }
}
