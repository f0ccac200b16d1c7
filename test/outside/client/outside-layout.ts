// Every name and path of one outside world, derived from its name alone.
import { join } from 'node:path';

export interface OutsideLayout {
  readonly name: string;
  /** Named network namespace, below /run/netns. */
  readonly netns: string;
  readonly netnsPath: string;
  readonly folder: string;
  readonly record: string;
  readonly controlSocket: string;
  readonly log: string;
  /** Folders that begin so hold what pods of it need; they go with it. */
  readonly scratchPrefix: string;
}

const prefix = 'cro-';
const pattern = /^[a-z0-9][a-z0-9-]{0,30}$/;

export function outsideRoot(): string {
  return '/run/creel/outside';
}

export function outsideLayoutOf(name: string): OutsideLayout {
  if (!pattern.test(name))
    throw new Error(`outside world '${name}': at most 31 lower-case letters, digits and dashes, no dash first`);
  const folder = join(outsideRoot(), name);
  const netns = `${prefix}${name}`;
  return {
    name,
    netns,
    netnsPath: `/run/netns/${netns}`,
    folder,
    record: join(folder, 'outside.json'),
    controlSocket: join(folder, 'control.sock'),
    log: join(folder, 'outside.log'),
    // No name holds a dot, so that no prefix begins another.
    scratchPrefix: join('/tmp', `${netns}.`),
  };
}
