import { stringify } from 'yaml';
import type { Platform } from './platforms.ts';

export interface KrewArchive {
  readonly platform: Platform;
  readonly file: string;
  readonly sha256: string;
}

/** krew's own description of a plugin, for its index or for `kubectl krew install --manifest`. */
export function krewManifest(
  version: string,
  archives: readonly KrewArchive[],
  urlOf: (file: string) => string,
): string {
  return stringify(
    {
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'creel' },
      spec: {
        version: `v${version}`,
        shortDescription: 'Sandboxes for AI agents, and what they may reach',
        description: `Creel runs autonomous AI agents in sandboxes on Kubernetes from which nothing
leaves that a policy or a person did not allow. This plugin shows what agents ask
for, decides on it, opens sandboxes and switches their models.
`,
        caveats: `Needs the Creel operator in the cluster: kubectl creel doctor
For completion through kubectl's own, put this on PATH:
  kubectl creel completion kubectl > ~/.local/bin/kubectl_complete-creel
  chmod +x ~/.local/bin/kubectl_complete-creel
`,
        platforms: archives.map(({ platform, file, sha256 }) => ({
          selector: { matchLabels: { os: platform.os, arch: platform.arch } },
          uri: urlOf(file),
          sha256,
          bin: 'kubectl-creel',
        })),
      },
    },
    { lineWidth: 110 },
  );
}
