// The real guard and the real sidecar in a pod-shaped namespace, as the pod's first container would have them.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildAddon } from '../../proxy-sidecar/native/build-addon.ts';
import { ensureBundle, sidecarBundle } from '../../scripts/images/parts/ensure-bundle.ts';
import { ensureLauncher } from '../../scripts/images/parts/ensure-launcher.ts';
import type { Outside } from '../outside/client/outside.ts';
import type { Pod } from './pod.ts';
import { Sidecar, type SidecarFiles } from './sidecar.ts';
import type { TestHub } from './test-hub.ts';

export interface SidecarOptions {
  readonly outside: Outside;
  readonly hub: TestHub;
  /** Do not wait for fence and first snapshot: what a test of refusals wants. */
  readonly withoutWaiting?: boolean;
}

/** Answers when `launcher wait-ready` does: fence proved, snapshot in force. */
export async function startSidecar(pod: Pod, { outside, hub, withoutWaiting }: SidecarOptions): Promise<Sidecar> {
  const files = await prepareFiles(pod, outside, hub);
  const sidecar = new Sidecar(pod, files);
  if (withoutWaiting) return sidecar;
  try {
    await sidecar.waitReady();
    return sidecar;
  } catch (error) {
    await sidecar.stop();
    throw error;
  }
}

async function prepareFiles(pod: Pod, outside: Outside, hub: TestHub): Promise<SidecarFiles> {
  const context = {
    progress: (line: string) => void process.stderr.write(`netns: ${line}\n`),
    signal: new AbortController().signal,
  };
  const place = (...names: string[]) => join(pod.folder, ...names);
  for (const name of ['shared', 'private', 'podinfo', 'opt']) mkdirSync(place(name), { recursive: true });
  // As the kubelet makes an emptyDir: every user of the containers that mount it may write.
  chmodSync(place('private'), 0o777);
  const podInfo: Readonly<Record<string, string>> = {
    'hub-ca.pem': hub.caPem,
    'hub-address': hub.address,
    'extra-ca.pem': outside.caPem,
    sandbox: 'test/sandbox',
  };
  for (const [name, content] of Object.entries(podInfo)) writeFileSync(place('podinfo', name), content);
  writeFileSync(place('token'), hub.token, { mode: 0o600 });
  writeFileSync(place('roots.pem'), publicRoots(outside));
  copyFileSync(await ensureBundle(sidecarBundle, context), place('opt', 'sidecar.mjs'));
  copyFileSync(buildAddon(), place('opt', 'original-destination.node'));
  copyFileSync(await ensureLauncher(context), place('opt', 'launcher'));
  return {
    launcher: place('opt', 'launcher'),
    node: place('bin', 'node'),
    bundle: place('opt', 'sidecar.mjs'),
    shared: place('shared'),
    private: place('private'),
    podInfo: place('podinfo'),
    token: place('token'),
    roots: place('roots.pem'),
  };
}

/** The machine's own, or the test CA where it has none: some are needed, and which does not matter here. */
function publicRoots(outside: Outside): string {
  const file = '/etc/ssl/certs/ca-certificates.crt';
  return existsSync(file) ? readFileSync(file, 'utf8') : outside.caPem;
}
