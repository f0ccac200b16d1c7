// The few facts about a cluster that do not follow from its name, kept in its folder.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { stateRoot } from '../base/folders.ts';
import { processIdentitySchema } from '../base/process-identity.ts';

const clusterRecordSchema = z.object({
  name: z.string(),
  /** `starting` until everything asked for was ready once. */
  phase: z.enum(['starting', 'ready']),
  subnet: z.int(),
  nodeCount: z.int(),
  /** etcd waits for the disk: honest latency for benches; off for tests. */
  fsync: z.boolean(),
  /** The run that takes the cluster down at its end; without one the cluster stays until `down`. */
  owner: processIdentitySchema.optional(),
  /** The namespace in which the nodes' default route ends, and whom nodes ask for names outside the cluster. */
  outside: z.object({ netns: z.string(), nameServers: z.array(z.string()).default([]) }).optional(),
  /** The machine's interface to the real network; absent unless that was asked for. */
  uplink: z.string().optional(),
});
export type ClusterRecord = z.infer<typeof clusterRecordSchema>;

export function writeClusterRecord(record: ClusterRecord): void {
  const path = join(stateRoot(), record.name, 'cluster.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(record, undefined, 2));
  renameSync(`${path}.new`, path);
}

/** The record of a cluster, or undefined when there is none that can be read. */
export function readClusterRecord(name: string): ClusterRecord | undefined {
  const path = join(stateRoot(), name, 'cluster.json');
  if (!existsSync(path)) return undefined;
  const parsed = clusterRecordSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  return parsed.success ? parsed.data : undefined;
}

/** The names of all clusters that left a folder, broken ones included. */
export function listClusterNames(): readonly string[] {
  if (!existsSync(stateRoot())) return [];
  return readdirSync(stateRoot()).filter(name => !name.startsWith('.'));
}
