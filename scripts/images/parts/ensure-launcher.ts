import { join } from 'node:path';
import type { BuildContext } from '../../../test/cluster/build/build-once.ts';
import { ensureGoProgram } from './ensure-go-program.ts';
import { repositoryRoot } from './repository-root.ts';

/** Answers the path of the launcher. */
export async function ensureLauncher(context: BuildContext): Promise<string> {
  return ensureGoProgram('launcher', join(repositoryRoot, 'launcher'), context);
}
