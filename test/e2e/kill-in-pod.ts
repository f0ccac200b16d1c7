// Ends a program of a pod the hard way. Nodes are network namespaces here, so their processes are this machine's own.
import { readdirSync, readFileSync } from 'node:fs';

/** Kills the pod's processes whose command line begins with these words; throws when there is none. */
export function killInPod(podUid: string, words: readonly string[]): void {
  const start = `${words.join('\0')}\0`;
  const found = readdirSync('/proc').filter(name => {
    try {
      return (
        /^\d+$/.test(name) &&
        readFileSync(`/proc/${name}/cmdline`, 'utf8').startsWith(start) &&
        readFileSync(`/proc/${name}/cgroup`, 'utf8').includes(podUid)
      );
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
  if (found.length === 0) throw new Error(`pod ${podUid} runs no ${words.join(' ')}`);
  for (const pid of found) process.kill(Number(pid), 'SIGKILL');
}
