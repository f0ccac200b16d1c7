// What the checks look at, as it was read with the caller's own rights. A part that may not be read is a text saying so.
import type { Condition } from '../../crds/schema/condition.ts';
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

export interface Named {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

export interface Deployment extends Named {
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
  readonly status?: { readonly readyReplicas?: number };
}

export interface Definition extends Named {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly schema?: { readonly openAPIV3Schema?: unknown };
    }[];
  };
  readonly status?: { readonly conditions?: readonly Pick<Condition, 'type' | 'status' | 'message'>[] };
}

export interface WebhookConfiguration extends Named {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly failurePolicy?: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

export interface AdmissionPolicy extends Named {
  readonly status?: {
    readonly typeChecking?: {
      readonly expressionWarnings?: readonly { readonly fieldRef: string; readonly warning: string }[];
    };
  };
}

export interface AdmissionBinding extends Named {
  readonly spec: { readonly policyName: string; readonly validationActions?: readonly string[] };
}

export interface Node extends Named {
  readonly status: {
    readonly nodeInfo: {
      readonly kernelVersion: string;
      readonly osImage: string;
      readonly operatingSystem: string;
      readonly architecture: string;
      readonly containerRuntimeVersion: string;
      readonly kubeletVersion: string;
    };
    readonly runtimeHandlers?: readonly {
      readonly name?: string;
      readonly features?: { readonly userNamespaces?: boolean };
    }[];
    readonly conditions?: readonly Pick<Condition, 'type' | 'status' | 'message'>[];
  };
}

export interface Facts {
  readonly nowMs: number;
  /** Where sandboxes are looked for. */
  readonly namespace: string;
  readonly server: Read<{ readonly gitVersion: string }>;
  readonly definitions: Read<readonly Definition[]>;
  readonly operators: Read<readonly Deployment[]>;
  readonly webhooks: Read<readonly WebhookConfiguration[]>;
  /** What became of a dry run that the webhook must be asked about. */
  readonly webhookTrial: Read<'answered'>;
  readonly policies: Read<readonly AdmissionPolicy[]>;
  readonly bindings: Read<readonly AdmissionBinding[]>;
  readonly nodes: Read<readonly Node[]>;
  readonly sandboxes: Read<readonly Sandbox[]>;
  readonly home: Read<Named>;
  readonly profiles: Read<readonly InferenceProfile[]>;
  /** Of default profiles, by name. */
  readonly secrets: ReadonlyMap<string, Read<Named>>;
  /** What the caller may do in the namespace: `verb resource` → may. */
  readonly rights: ReadonlyMap<string, Read<boolean>>;
  /** Of `--probe`; absent: not asked for. */
  readonly probe?: Read<ProbeResult>;
}

/** Whether a client reached a server that a NetworkPolicy closes, and one that none does. */
export interface ProbeResult {
  readonly open: boolean;
  readonly closed: boolean;
}
