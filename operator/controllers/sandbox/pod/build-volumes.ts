import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { annotations } from '../../../../crds/schema/group.ts';
import type { Sandbox } from '../../../../crds/schema/sandbox.ts';
import { hubAudience, paths } from '../../../../protocol/constants.ts';
import { childName } from '../child-name.ts';

/** Volumes of ours; users name none of theirs, so nothing can be shadowed. */
export function buildVolumes(sandbox: Sandbox): V1Volume[] {
  return [
    { name: 'shared', emptyDir: { sizeLimit: '64Mi' } },
    { name: 'private', emptyDir: { medium: 'Memory', sizeLimit: '32Mi' } },
    {
      name: 'hub-token',
      projected: {
        defaultMode: 0o400,
        sources: [{ serviceAccountToken: { audience: hubAudience, expirationSeconds: 3600, path: 'token' } }],
      },
    },
    {
      name: 'podinfo',
      downwardAPI: {
        defaultMode: 0o444,
        items: [
          annotationFile('hub-ca.pem', annotations.hubCa),
          annotationFile('hub-address', annotations.hubAddress),
          annotationFile('extra-ca.pem', annotations.extraCa),
          annotationFile('sandbox', annotations.sandbox),
        ],
      },
    },
    workspaceVolume(sandbox),
    { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
    ...files(sandbox).map(({ configMap }, index) => ({
      name: `file-${index}`,
      configMap: { name: configMap.name, defaultMode: 0o444 },
    })),
  ];
}

export const sidecarMounts: readonly V1VolumeMount[] = [
  { name: 'shared', mountPath: paths.shared },
  { name: 'private', mountPath: paths.private },
  { name: 'hub-token', mountPath: paths.token.slice(0, paths.token.lastIndexOf('/')), readOnly: true },
  { name: 'podinfo', mountPath: paths.podInfo, readOnly: true },
];

/** Files come last: a mount inside /sandbox must lie over the workspace. */
export function agentMounts(sandbox: Sandbox): V1VolumeMount[] {
  return [
    { name: 'shared', mountPath: paths.shared, readOnly: true },
    { name: 'workspace', mountPath: '/sandbox' },
    { name: 'tmp', mountPath: '/tmp' },
    ...files(sandbox).map(({ path }, index) => ({ name: `file-${index}`, mountPath: path, readOnly: true })),
  ];
}

function files(sandbox: Sandbox) {
  return sandbox.spec.files ?? [];
}

function annotationFile(path: string, annotation: string) {
  return { path, fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${annotation}']` } };
}

function workspaceVolume({ metadata, spec }: Sandbox): V1Volume {
  return spec.workspace?.ephemeral
    ? { name: 'workspace', emptyDir: { sizeLimit: String(spec.workspace.size ?? '2Gi') } }
    : { name: 'workspace', persistentVolumeClaim: { claimName: childName(metadata.name) } };
}
