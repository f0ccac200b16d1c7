// The five kinds as the API server lists them.
import type { z } from 'zod';
import { approvalRequestSchema } from './approval-request.ts';
import { clusterEgressPolicySchema } from './cluster-egress-policy.ts';
import { egressPolicySchema } from './egress-policy.ts';
import { inferenceProfileSchema } from './inference-profile.ts';
import { sandboxSchema } from './sandbox.ts';

export interface Column {
  readonly name: string;
  readonly jsonPath: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  /** 1 = only with `-o wide`. */
  readonly priority?: 1;
}

export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly description: string;
  readonly schema: z.ZodObject<{
    readonly spec: z.ZodType;
    readonly status: z.ZodType;
    readonly [key: string]: z.ZodType;
  }>;
  readonly columns: readonly Column[];
}

const age: Column = { name: 'Age', jsonPath: '.metadata.creationTimestamp', type: 'date' };
const conditionStatus = (type: string) => `.status.conditions[?(@.type=="${type}")].status`;
const text = (name: string, jsonPath: string): Column => ({ name, jsonPath, type: 'string' });
const integer = (name: string, jsonPath: string): Column => ({ name, jsonPath, type: 'integer' });
const wide = (column: Column): Column => ({ ...column, priority: 1 });

export const kinds: readonly Kind[] = [
  {
    kind: 'Sandbox',
    plural: 'sandboxes',
    shortName: 'csb',
    scope: 'Namespaced',
    description: 'One agent in a pod from which nothing leaves that a policy or a person did not allow.',
    schema: sandboxSchema,
    columns: [
      text('Phase', '.status.phase'),
      text('Ready', conditionStatus('Ready')),
      text('Profile', '.status.inference.profile'),
      text('Model', '.status.inference.model'),
      integer('Pending', '.status.pending'),
      text('Enforced', '.status.policy.enforcedRevision'),
      text('Policy', '.status.policy.revision'),
      wide(text('Pod', '.status.pod')),
      wide(text('Why', '.status.conditions[?(@.type=="Ready")].message')),
      age,
    ],
  },
  {
    kind: 'EgressPolicy',
    plural: 'egresspolicies',
    shortName: 'egp',
    scope: 'Namespaced',
    description: 'What the selected Sandboxes of a namespace may reach without asking, and what never.',
    schema: egressPolicySchema,
    columns: [
      text('Accepted', conditionStatus('Accepted')),
      text('Enforced', conditionStatus('Enforced')),
      integer('Sandboxes', '.status.sandboxes.matched'),
      wide(text('Why', '.status.conditions[?(@.type=="Accepted")].message')),
      age,
    ],
  },
  {
    kind: 'ClusterEgressPolicy',
    plural: 'clusteregresspolicies',
    shortName: 'cegp',
    scope: 'Cluster',
    description:
      'What every selected namespace gets (baseline), may never reach (deny), may at most allow (ceiling), or freeze.',
    schema: clusterEgressPolicySchema,
    columns: [
      text('Accepted', conditionStatus('Accepted')),
      text('Enforced', conditionStatus('Enforced')),
      { name: 'Freeze', jsonPath: '.spec.freeze', type: 'boolean' },
      integer('Sandboxes', '.status.sandboxes.matched'),
      wide(text('Why', '.status.conditions[?(@.type=="Accepted")].message')),
      age,
    ],
  },
  {
    kind: 'InferenceProfile',
    plural: 'inferenceprofiles',
    shortName: 'ifp',
    scope: 'Namespaced',
    description: 'A model: where it is, what it is called, and the Secret with its key, which no agent ever sees.',
    schema: inferenceProfileSchema,
    columns: [
      text('Provider', '.spec.provider'),
      text('Model', '.spec.model'),
      text('Ready', conditionStatus('Ready')),
      text('Default', '.metadata.annotations.creel\\.dev/default-profile'),
      wide(text('Endpoint', '.spec.endpoint')),
      wide(text('Why', '.status.conditions[?(@.type=="Ready")].message')),
      age,
    ],
  },
  {
    kind: 'ApprovalRequest',
    plural: 'approvalrequests',
    shortName: 'apr',
    scope: 'Namespaced',
    description: 'One thing a Sandbox wanted and may not do until a person decides. Created by the operator only.',
    schema: approvalRequestSchema,
    columns: [
      text('Sandbox', '.spec.sandbox.name'),
      text('Host', ".spec['egress.host','gpu.resource']"),
      integer('Port', '.spec.egress.port'),
      text('Binary', '.spec.egress.binary.path'),
      integer('Hits', '.status.hits'),
      text('Status', '.status.phase'),
      text('Expires', '.status.expiresAt'),
      wide(text('By', '.spec.decision.by')),
      wide(text('Scope', '.spec.decision.scope')),
      wide(integer('Uses left', '.status.usesLeft')),
      wide(text('Request', '.status.samples[0]')),
      age,
    ],
  },
];
