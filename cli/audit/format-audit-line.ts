import { displaySafe } from '../../engine/canonical/display.ts';
import { noPaint, type Paint, paintWord } from '../output/paint.ts';
import type { AuditLine } from './audit-line.ts';

/** `18:42:01 Deny  NotListed  paste.example:443 GET /x  by /usr/bin/curl`: one line whatever the agent wrote into it. */
export function formatAuditLine(line: AuditLine, paint: Paint = noPaint): string {
  const { time, decision, reason, host, port, method, path, operation, binary, rule, approval, status, error } = line;
  const what = [`${host}:${port}`, method, path, operation].filter(part => part !== undefined).join(' ');
  const because = rule ?? (approval === undefined ? undefined : `apr/${approval}`);
  const parts = [
    what,
    because === undefined ? undefined : `(${because})`,
    binary === undefined ? undefined : `by ${binary}`,
    status === undefined ? undefined : `→ ${status}`,
    traffic(line),
    error === undefined ? undefined : `error: ${error}`,
  ];
  const verdict = paintWord(paint, decision, decision.padEnd(5));
  return `${clock(time)} ${verdict} ${displaySafe(reason).padEnd(10)} ${displaySafe(parts.filter(part => part !== undefined).join('  '))}`;
}

/** The time of day where it is one; the day is that of the log's reader. */
function clock(time = ''): string {
  return /^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? displaySafe(time);
}

function traffic({ bytesUp, bytesDown, durationMs }: AuditLine): string | undefined {
  if (bytesUp === undefined || bytesDown === undefined) return undefined;
  return `↑${bytesText(bytesUp)} ↓${bytesText(bytesDown)}${durationMs === undefined ? '' : ` ${Math.round(durationMs)} ms`}`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

function bytesText(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 || amount >= 10 ? Math.round(amount) : amount.toFixed(1)} ${units[power]}`;
}
