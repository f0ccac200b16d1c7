// Removes everything a cluster left on this machine, complete or half-made, and nothing else.
import { readFileSync, rmSync } from 'node:fs';
import { runCommand } from '../base/run-command.ts';
import { waitUntil } from '../base/wait-until.ts';
import { removeCgroups } from './cgroups.ts';
import { findProcesses } from './find-processes.ts';
import type { ClusterLayout } from './layout.ts';
import { netnsNamesOf } from './netns-names.ts';
import { closeRealNetwork } from './real-network.ts';

/** The caller holds the cluster's lock. */
export async function tearDown(layout: ClusterLayout): Promise<void> {
  await killAll(layout);
  await unmountBelow(layout.folder);
  await removeCgroups(layout);
  await closeRealNetwork(layout);
  // Not /sys/class/net, which shows the namespace it was mounted in.
  if (readFileSync('/proc/net/dev', 'utf8').includes(`${layout.hostInterface}:`))
    await runCommand(['ip', 'link', 'delete', layout.hostInterface]);
  for (const netns of netnsNamesOf(layout)) await runCommand(['ip', 'netns', 'delete', netns]);
  rmSync(layout.folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Kubelets and shims start others while we look: repeat until a look finds none. */
async function killAll(layout: ClusterLayout): Promise<void> {
  await waitUntil(
    () => {
      const found = findProcesses(layout);
      for (const { pid } of found) kill(pid);
      return found.length === 0 ? true : undefined;
    },
    {
      what: `the processes of cluster ${layout.name} to end`,
      timeoutMs: 30_000,
      intervalMs: 20,
      explain: () =>
        `still there: ${findProcesses(layout)
          .map(({ pid }) => pid)
          .join(' ')}`,
    },
  );
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function unmountBelow(folder: string): Promise<void> {
  for (const target of mountsBelow(folder)) await runCommand(['umount', '--lazy', target]);
}

/** Deepest and latest first. */
function mountsBelow(folder: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => unescapeOctal(line.split(' ')[4] ?? ''))
    .filter(target => target.startsWith(`${folder}/`))
    .toReversed();
}

/** mountinfo writes spaces, tabs, newlines and backslashes as octal. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
