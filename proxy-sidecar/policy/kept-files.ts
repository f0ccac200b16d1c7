// What a restarted sidecar must still have, on the tmpfs that only its container sees: the last snapshot (without keys) and
// which name each synthetic address stands for.
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '../../protocol/snapshot.ts';
import type { SyntheticName } from '../dns/synthetic-names.ts';
import { type CompactRules, compactRules, expandRules } from './compact-rules.ts';
import type { InForce } from './policy-state.ts';
import { readIfThere } from './read-if-there.ts';

export interface KeptSnapshot {
  readonly snapshot: Snapshot;
  /** When the hub last confirmed it, Unix ms: a restart makes no policy younger. */
  readonly heardMs: number;
}

export interface KeptFiles {
  saveSnapshot(inForce: InForce, heardMs: number): void;
  loadSnapshot(): KeptSnapshot | undefined;
  /** `all` is written anew when the file holds more old names than living ones. */
  readonly addName: (added: SyntheticName, all: () => readonly SyntheticName[]) => void;
  /** Oldest first; a later line of the same address or name counts. */
  loadNames(): readonly SyntheticName[];
}

/** Of the file of names: twice as many as there can be. */
const maxLines = 32_768;

/**
 * `dir` is created, readable by this uid alone. What cannot be written is told to `log`: after a restart it is missing, and
 * what is missing is not allowed.
 */
export function openKeptFiles(dir: string, log: (message: string) => void): KeptFiles {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const snapshotFile = join(dir, 'snapshot.json');
  const namesFile = join(dir, 'names.jsonl');
  let lines = 0;
  const attempt = (what: string, write: () => void): boolean => {
    try {
      write();
      return true;
    } catch (error) {
      log(`${what} cannot be kept for a restart: ${String(error)}`);
      return false;
    }
  };
  return {
    saveSnapshot(inForce, heardMs) {
      const isKept = attempt('the snapshot', () => {
        const file: SnapshotFile = {
          snapshot: withoutSecrets(inForce),
          rules: compactRules(inForce.policy.rules),
          heardMs,
        };
        replace(snapshotFile, JSON.stringify(file));
      });
      // Rather none than an older one, which may be wider.
      if (!isKept) attempt('the removal of the last snapshot', () => rmSync(snapshotFile, { force: true }));
    },
    loadSnapshot() {
      const file = parse(readIfThere(snapshotFile));
      if (file === undefined) return undefined;
      try {
        const { snapshot, rules, heardMs } = file as SnapshotFile;
        return { snapshot: { ...snapshot, policy: { ...snapshot.policy, rules: expandRules(rules) } }, heardMs };
      } catch (error) {
        log(`the kept snapshot is none, so the operator's is waited for: ${String(error)}`);
        return undefined;
      }
    },
    addName(added, all) {
      attempt('a name', () => {
        if (lines++ < maxLines) return appendFileSync(namesFile, line(added), { mode: 0o600 });
        const names = all();
        lines = names.length;
        replace(namesFile, names.map(line).join(''));
      });
    },
    loadNames() {
      const names = (readIfThere(namesFile) ?? '').split('\n').flatMap(text => {
        const pair = parse(text);
        return Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string'
          ? [[pair[0], pair[1]] as const]
          : [];
      });
      lines = names.length;
      return names;
    },
  };
}

/** A kill leaves the old file or the new one. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function line(name: SyntheticName): string {
  return `${JSON.stringify(name)}\n`;
}

/** The snapshot's policy is without its rules: they stand beside it. */
interface SnapshotFile extends KeptSnapshot {
  readonly snapshot: KeptSnapshot['snapshot'] & { readonly policy: InForce['policy'] };
  readonly rules: CompactRules;
}

/** The hub's own parts of a snapshot, but rules and what signs in anywhere. */
function withoutSecrets({
  revision,
  policy,
  grants,
  route,
  resolvers,
  maxPolicyAgeMs,
  upstreamProxy,
}: InForce): SnapshotFile['snapshot'] {
  const kept = {
    revision,
    policy: { ...policy, rules: [] },
    grants,
    resolvers,
    maxPolicyAgeMs,
    route: 'profile' in route ? keylessRoute : route,
  };
  if (upstreamProxy === undefined) return kept;
  const { host, port, noProxy } = upstreamProxy;
  return { ...kept, upstreamProxy: { host, port, noProxy } };
}

/** Keys are kept in memory only: after a restart the hub has to hand the route over again. */
const keylessRoute = {
  hash: 'restarted',
  reason: 'SidecarRestarted',
  message: 'the sidecar has restarted and waits for the operator to hand over the model route',
};

/** A file that a kill has cut short holds nothing. */
function parse(text: string | undefined): unknown {
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
