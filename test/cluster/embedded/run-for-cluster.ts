import { type RunOptions, runCommand } from '../base/run-command.ts';
import type { ClusterLayout } from './layout.ts';
import { folderVariable } from './managed-process.ts';

/** Runs a command that works on a cluster's files: should we be killed, `down` finds it by the mark in its environment. */
export function runForCluster(
  layout: Pick<ClusterLayout, 'folder'>,
  command: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return runCommand(command, { ...options, env: { ...(options.env ?? process.env), [folderVariable]: layout.folder } });
}
