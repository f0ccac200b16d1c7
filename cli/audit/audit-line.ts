// The sidecar's log: a line of JSON for each decision, beside lines of the guard and of node itself.
import { z } from 'zod';

const schema = z.looseObject({
  time: z.string().exactOptional(),
  msg: z.literal('connection'),
  decision: z.enum(['Allow', 'Deny', 'Ask']),
  reason: z.string(),
  host: z.string(),
  port: z.int(),
  protocol: z.string().exactOptional(),
  binary: z.string().exactOptional(),
  rule: z.string().exactOptional(),
  approval: z.string().exactOptional(),
  /** Audit: a rule that allows and records. */
  mode: z.string().exactOptional(),
  method: z.string().exactOptional(),
  path: z.string().exactOptional(),
  operation: z.string().exactOptional(),
  status: z.int().exactOptional(),
  bytesUp: z.number().exactOptional(),
  bytesDown: z.number().exactOptional(),
  durationMs: z.number().exactOptional(),
  error: z.string().exactOptional(),
});
export type AuditLine = z.infer<typeof schema>;

/** One line as the sidecar wrote it; undefined where it is another's. */
export function parseAuditLine(text: string): AuditLine | undefined {
  if (!text.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Cut off, or somebody else's brace.
    return undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
