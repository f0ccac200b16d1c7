// `kubectl`, `helm` and `kubectl creel` for a PATH: the embedded cluster's own builds, and this tree.
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KubeBinaries } from './kube-binaries.ts';

const root = dirname(dirname(dirname(import.meta.dirname)));

/** Fills `folder` anew; put it in front of PATH. */
export function makeToolFolder(folder: string, { kube, helm }: KubeBinaries): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  script(join(folder, 'kubectl'), `exec '${kube}' kubectl "$@"`);
  symlinkSync(helm, join(folder, 'helm'));
  symlinkSync(join(root, 'bin', 'kubectl-creel.mjs'), join(folder, 'kubectl-creel'));
  symlinkSync(join(root, 'bin', 'kubectl_complete-creel.mjs'), join(folder, 'kubectl_complete-creel'));
}

function script(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}
