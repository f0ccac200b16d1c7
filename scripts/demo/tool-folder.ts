// `kubectl`, `helm` and `kubectl creel` as the demo's commands find them: the embedded cluster's own builds, and this tree.
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KubeBinaries } from '../../test/cluster/build/kube-binaries.ts';

const root = dirname(dirname(import.meta.dirname));

/** Fills `folder` anew; put it in front of PATH. */
export function makeToolFolder(folder: string, { kube, helm }: KubeBinaries): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  script(join(folder, 'kubectl'), `exec '${kube}' kubectl "$@"`);
  symlinkSync(helm, join(folder, 'helm'));
  symlinkSync(join(root, 'bin', 'kubectl-creel.mjs'), join(folder, 'kubectl-creel'));
}

function script(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}
