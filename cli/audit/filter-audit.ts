import { globTest } from '../output/glob-test.ts';
import type { AuditLine } from './audit-line.ts';

export interface AuditFilter {
  readonly verdict?: AuditLine['decision'];
  readonly host?: string;
  readonly binary?: string;
}

export function matchesAudit({ verdict, host, binary }: AuditFilter): (line: AuditLine) => boolean {
  const isHost = host === undefined ? () => true : globTest(host);
  const isBinary = binary === undefined ? () => true : globTest(binary);
  return line =>
    (verdict === undefined || line.decision === verdict) && isHost(line.host) && isBinary(line.binary ?? '');
}
