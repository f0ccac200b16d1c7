// What goes into each image beside its Dockerfile.
import { join } from 'node:path';
import { buildAddon } from '../../proxy-sidecar/native/build-addon.ts';
import type { BuildContext } from '../../test/cluster/build/build-once.ts';
import { ensureBundle, operatorBundle, sidecarBundle, webhookBundle } from './parts/ensure-bundle.ts';
import { ensureLauncher } from './parts/ensure-launcher.ts';
import { repositoryRoot } from './parts/repository-root.ts';

export const imageNames = ['operator', 'sidecar', 'openclaw', 'agent-tools'] as const;
export type ImageName = (typeof imageNames)[number];

export interface ImageSpec {
  /** One layer of its own, the base included. */
  readonly squash: boolean;
  /** The build installs npm packages, with the machine's npm mounted at /root. */
  readonly npm: boolean;
  /** Files for the build context: name there → path here. */
  readonly files: (context: BuildContext) => Promise<Readonly<Record<string, string>>>;
}

const openclaw = join(repositoryRoot, 'images', 'openclaw');

export const imageSpecs: Readonly<Record<ImageName, ImageSpec>> = {
  operator: {
    squash: true,
    npm: false,
    files: async context => ({
      node: runtime(),
      'operator.mjs': await ensureBundle(operatorBundle, context),
      'webhook.mjs': await ensureBundle(webhookBundle, context),
    }),
  },
  sidecar: {
    squash: true,
    npm: false,
    files: async context => ({
      node: runtime(),
      launcher: await ensureLauncher(context),
      'sidecar.mjs': await ensureBundle(sidecarBundle, context),
      'original-destination.node': buildAddon(),
    }),
  },
  openclaw: {
    squash: false,
    npm: true,
    files: async () => ({
      node: runtime(),
      'openclaw.json': join(openclaw, 'openclaw.json'),
      'openclaw.sh': join(openclaw, 'openclaw.sh'),
    }),
  },
  'agent-tools': { squash: false, npm: false, files: async () => ({ node: runtime() }) },
};

/** The Node that runs this: the bundled one of the project. */
function runtime(): string {
  return process.execPath;
}
