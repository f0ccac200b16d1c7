// `kubectl creel` as a user starts it: a process of its own, with nothing but a kubeconfig.
import { dirname, join } from 'node:path';
import { runCommand } from '../cluster/base/run-command.ts';
import { outcomeOf, type Ran } from './sandbox-namespace.ts';

const main = join(dirname(dirname(import.meta.dirname)), 'cli', 'main.ts');

export async function runCreel(
  kubeconfig: string,
  namespace: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', KUBECONFIG: kubeconfig, ...more };
  return await outcomeOf(runCommand([process.execPath, main, '--namespace', namespace, ...args], { env }));
}
