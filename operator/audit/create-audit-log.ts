import type { AuditRecord } from './audit-record.ts';

export interface AuditLog {
  record(record: AuditRecord): void;
}

export const auditVersion = 1;
/** Reconciles may come again before the store shows what they wrote. */
const maxRemembered = 10_000;

/** A line of JSON each, told from the operator's own log by its first field; written whatever the log's level is. */
export function createAuditLog(out: { write(line: string): unknown }, nowMs: () => number): AuditLog {
  const written = new Set<string>();
  return {
    record: record => {
      if (written.has(record.id)) return;
      written.add(record.id);
      if (written.size > maxRemembered) written.delete(written.values().next().value ?? '');
      const head = { log: 'audit', version: auditVersion, time: new Date(nowMs()).toISOString() };
      out.write(`${JSON.stringify({ ...head, ...record })}\n`);
    },
  };
}
