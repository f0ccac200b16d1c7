import { constants } from 'node:os';

/** Where a captured connection wanted to go, as `address:port`; undefined for one that was not redirected. */
export type OriginalDestination = (fd: number) => string | undefined;

/** Loads the addon from its absolute path; throws when it is missing, so that no listener opens without it. */
export function loadAddon(path: string): OriginalDestination {
  const module = { exports: {} as { originalDestination?: OriginalDestination } };
  process.dlopen(module, path, constants.dlopen.RTLD_NOW);
  const { originalDestination } = module.exports;
  if (originalDestination === undefined) throw new Error(`${path} is not the sidecar's addon`);
  return originalDestination;
}
