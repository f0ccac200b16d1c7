import { PassThrough } from 'node:stream';
import { isatty } from 'node:tty';
import type { V1Status } from '@kubernetes/client-node';
import { UserError } from '../user-error.ts';
import type { Api } from './api.ts';

export interface ExecRequest {
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
  readonly signal: AbortSignal;
}

/** Runs a command in a pod with this process's stdio, a terminal when both ends are one; resolves to its exit code. */
export async function execInPod(api: Api, request: ExecRequest): Promise<number> {
  const { Exec } = await import('./client-node.ts');
  const tty = isatty(0) && isatty(1);
  // A closed stdin ends the remote side's; an inherited one that is not a terminal is passed through as it is.
  const stdin = new PassThrough();
  process.stdin.pipe(stdin);
  if (tty) process.stdin.setRawMode(true);
  try {
    const status = await new Promise<V1Status>((resolve, reject) => {
      new Exec(api.config)
        .exec(
          api.namespace,
          request.pod,
          request.container,
          [...request.command],
          process.stdout,
          tty ? null : process.stderr,
          stdin,
          tty,
          resolve,
        )
        .then(socket => {
          request.signal.addEventListener('abort', () => socket.close());
          socket.addEventListener('close', () => reject(new UserError('the connection to the sandbox was lost')));
        })
        .catch((error: unknown) => reject(new UserError(`cannot run a command in the sandbox: ${messageOf(error)}`)));
    });
    return exitCodeOf(status);
  } finally {
    if (tty) process.stdin.setRawMode(false);
    process.stdin.unpipe(stdin);
    process.stdin.pause();
  }
}

function exitCodeOf(status: V1Status): number {
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  if (cause?.message === undefined) throw new UserError(status.message ?? 'the command could not be run');
  return Number(cause.message);
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
