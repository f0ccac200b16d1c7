import { join } from 'node:path';
import { ensureGoProgram } from '../../scripts/images/parts/ensure-go-program.ts';
import type { BuildContext } from '../cluster/build/build-once.ts';

/** Answers the path of the program that judges objects as deployment tools do. */
export function ensureJudge(context: BuildContext): Promise<string> {
  return ensureGoProgram('judge', join(import.meta.dirname, 'judge'), context);
}
