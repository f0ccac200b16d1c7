// Real kstatus, Argo CD's own Lua and Flux's CEL over objects, by the Go program beside this file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { stderrProgress } from '../cluster/base/progress.ts';
import { ensureJudge } from './ensure-judge.ts';

export interface Question {
  readonly object: object;
  readonly lua?: string;
  /** CEL over apiVersion, kind, metadata, spec and status, by name. */
  readonly expressions?: Readonly<Record<string, string>>;
}

export interface Verdict {
  readonly kstatus: 'InProgress' | 'Failed' | 'Current' | 'Terminating' | 'NotFound' | 'Unknown';
  readonly health?: { readonly status: string; readonly message: string };
  readonly expressions?: Readonly<Record<string, boolean>>;
}

export async function judgeObjects(questions: readonly Question[]): Promise<readonly Verdict[]> {
  const building = { progress: stderrProgress, signal: new AbortController().signal };
  const program = await ensureJudge(building);
  const child = spawn(program, [], { stdio: 'pipe' });
  child.stdin.end(questions.map(question => `${JSON.stringify(question)}\n`).join(''));
  const [out, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(`judge ended with ${code}: ${errors}`);
  return out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Verdict);
}
