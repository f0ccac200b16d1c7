import { readdirSync, readFileSync } from 'node:fs';

/** Children of all threads of a process; none when it has ended. */
export function childrenOf(pid: number): readonly number[] {
  return list(`/proc/${pid}/task`).flatMap(thread =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

/** The real uid, or undefined when the process has ended. */
export function uidOf(pid: number): number | undefined {
  const uid = /^Uid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1];
  return uid === undefined ? undefined : Number(uid);
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process or thread has ended meanwhile.
    return '';
  }
}
