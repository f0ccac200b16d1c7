// What `sandbox create` makes of its options: the Sandbox as a person would have written it, nothing they did not ask for.
import { apiVersion, labels } from '../../crds/schema/group.ts';

export interface SandboxOptions {
  readonly image: string;
  readonly profile?: string;
  readonly model?: string;
  readonly gpu?: number;
  readonly gpuResource?: string;
  readonly onUnlisted?: 'Ask' | 'Deny';
  readonly env?: Readonly<Record<string, string>>;
  readonly label?: Readonly<Record<string, string>>;
  readonly size?: string;
  readonly ephemeral?: boolean;
  readonly keepWorkspace?: boolean;
  readonly suspended?: boolean;
  readonly command?: readonly string[];
}

export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly object[];
  };
  readonly spec: object;
}

export function buildSandbox(namespace: string, name: string, options: SandboxOptions): NewObject {
  const {
    image,
    profile,
    model,
    gpu,
    gpuResource,
    onUnlisted,
    env,
    label,
    size,
    ephemeral,
    keepWorkspace,
    suspended,
    command,
  } = options;
  const workspace = {
    ...(size === undefined ? {} : { size }),
    ...(ephemeral ? { ephemeral } : {}),
    ...(keepWorkspace ? { onDelete: 'Retain' } : {}),
  };
  return {
    apiVersion,
    kind: 'Sandbox',
    // Its own label lets a policy select it alone.
    metadata: { name, namespace, labels: { [labels.sandbox]: name, ...label } },
    spec: {
      image,
      ...(command === undefined || command.length === 0 ? {} : { command }),
      ...(env === undefined ? {} : { env: Object.entries(env).map(([key, value]) => ({ name: key, value })) }),
      ...(Object.keys(workspace).length === 0 ? {} : { workspace }),
      ...(onUnlisted === undefined ? {} : { egress: { onUnlisted } }),
      ...(profile === undefined ? {} : { inference: { profile, ...(model === undefined ? {} : { model }) } }),
      ...(gpu === undefined
        ? {}
        : { gpu: { count: gpu, ...(gpuResource === undefined ? {} : { resource: gpuResource }) } }),
      ...(suspended ? { lifecycle: { suspend: true } } : {}),
    },
  };
}
