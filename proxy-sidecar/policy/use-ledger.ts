// Uses of grants that have a number of them, on the tmpfs of the sidecar alone: written down before each use, so that no crash
// gives one back. A ledger that is lost is another ledger: what was granted to the old one has no use left.
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere } from './read-if-there.ts';

export interface UseLedger {
  /** Names this memory, 32 hex digits. */
  readonly name: string;
  used(approval: string): number;
  /** Written down when it returns; throws where that fails. */
  add(approval: string): void;
}

/** Then the lines become one a grant. */
const maxLines = 8192;

export function openUseLedger(dir: string, randomHex: () => string): UseLedger {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'uses.jsonl');
  const found = read(file);
  const name = found?.name ?? randomHex();
  const counts = found?.counts ?? new Map<string, number>();
  /** Beginnings of lines that a kill has cut short: each counts for every grant it may have been. */
  const cut = found?.cut ?? [];
  let lines = 0;
  /** A write failed: what it left must not swallow the line after it. */
  let mayBeCut = false;
  rewrite();

  function rewrite(): void {
    const all = [{ ledger: name }, ...cut.map(start => ({ cut: start })), ...counts];
    writeFileSync(`${file}.new`, all.map(line => `${JSON.stringify(line)}\n`).join(''), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    lines = 0;
  }

  return {
    name,
    used: approval => (counts.get(approval) ?? 0) + cut.filter(start => approval.startsWith(start)).length,
    add(approval) {
      const start = mayBeCut ? '\n' : '';
      mayBeCut = true;
      appendFileSync(file, `${start}${JSON.stringify([approval, 1])}\n`);
      mayBeCut = false;
      counts.set(approval, (counts.get(approval) ?? 0) + 1);
      if (++lines >= maxLines) rewrite();
    },
  };
}

interface Found {
  readonly name: string;
  readonly counts: Map<string, number>;
  readonly cut: string[];
}

/** undefined: there is none, or none that can be trusted. */
function read(file: string): Found | undefined {
  const [first, ...rest] = (readIfThere(file) ?? '').split('\n');
  const name = (parse(first) as { readonly ledger?: unknown } | undefined)?.ledger;
  if (typeof name !== 'string' || rest.length === 0) return undefined;
  const counts = new Map<string, number>();
  const cut: string[] = [];
  for (const line of rest.filter(text => text !== '')) {
    const entry = parse(line) as readonly [string, number] | { readonly cut: string } | undefined;
    if (Array.isArray(entry)) counts.set(String(entry[0]), (counts.get(String(entry[0])) ?? 0) + Number(entry[1]));
    else cut.push(entry !== undefined && 'cut' in entry ? entry.cut : (/^\["?([^"]*)/.exec(line)?.[1] ?? ''));
  }
  return { name, counts, cut };
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    // JSON.parse has no other way to say so.
    return undefined;
  }
}
