// What the sidecar's log says was wanted: denied askably, or allowed by a rule in mode Audit.
import { parseAuditLine } from '../audit/audit-line.ts';
import type { Sighting } from './learn-policy.ts';

const wanted: ReadonlySet<string> = new Set(['NotListed', 'RequestNotAllowed', 'Audit']);

/** Equal sightings are counted; lines that are none of ours are passed over. */
export function sightingsOfLog(text: string): readonly Sighting[] {
  const counted = new Map<string, Sighting>();
  for (const raw of text.split('\n')) {
    const line = parseAuditLine(raw);
    if (line === undefined) continue;
    const { host, port, binary, method, path, reason, mode } = line;
    if (!wanted.has(reason) && mode !== 'Audit') continue;
    const key = JSON.stringify([host, port, binary, method, path]);
    const count = (counted.get(key)?.count ?? 0) + 1;
    counted.set(key, { host, port, binary, method, path, count, from: 'log' });
  }
  return [...counted.values()];
}
