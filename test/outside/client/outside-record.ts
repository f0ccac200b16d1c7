// What a later run must know to find, or to clean up, an outside world that an earlier one made.
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { processIdentitySchema } from '../../cluster/base/process-identity.ts';
import { type OutsideLayout, outsideRoot } from './outside-layout.ts';

const recordSchema = z.object({
  /** The run it belongs to; absent when it outlives the run. */
  owner: processIdentitySchema.optional(),
  server: processIdentitySchema.optional(),
});
export type OutsideRecord = z.infer<typeof recordSchema>;

export function writeOutsideRecord(layout: OutsideLayout, record: OutsideRecord): void {
  writeFileSync(`${layout.record}.new`, JSON.stringify(record));
  renameSync(`${layout.record}.new`, layout.record);
}

export function readOutsideRecord(layout: OutsideLayout): OutsideRecord | undefined {
  if (!existsSync(layout.record)) return undefined;
  return recordSchema.parse(JSON.parse(readFileSync(layout.record, 'utf8')));
}

export function listOutsideNames(): readonly string[] {
  return existsSync(outsideRoot()) ? readdirSync(outsideRoot()) : [];
}
