import { z } from 'zod';
import { byName, namesAreUnique } from './by-name.ts';
import { conditions } from './condition.ts';
import { allowRule, denyRule } from './egress-rule.ts';
import { apiVersion } from './group.ts';
import { metadata, type Stored } from './metadata.ts';
import { duration, labelSelector, port } from './primitives.ts';

const ceiling = z.strictObject({
  hosts: z.array(z.string().min(1).max(253)).max(256).exactOptional().describe('Only these; absent: any.'),
  ports: z.array(port).max(64).exactOptional().describe('Only these; absent: any.'),
  allowedCIDRs: z
    .array(z.string().max(49))
    .max(64)
    .exactOptional()
    .describe('Blocks of addresses; once hosts or blocks are given, no others.'),
  maxDuration: duration.exactOptional().describe('The longest that an approval may be for.'),
  allowForever: z.boolean().exactOptional().describe('True: approvals may be for: forever.'),
  credentials: z.boolean().exactOptional().describe("False: tenants' rules may not carry a credential."),
});

const spec = z.strictObject({
  namespaceSelector: labelSelector.describe('Which namespaces; {} selects all.'),
  baseline: z
    .array(allowRule)
    .max(128)
    .refine(namesAreUnique, 'two rules have the same name')
    .meta(byName)
    .exactOptional()
    .describe('Allow rules that every selected sandbox gets. Hot.'),
  deny: z
    .array(denyRule)
    .max(128)
    .refine(namesAreUnique, 'two rules have the same name')
    .meta(byName)
    .exactOptional()
    .describe('What nobody may reach. Hot.'),
  ceiling: ceiling.exactOptional().describe("The most that tenants' policies and approvals may allow. Hot."),
  freeze: z.boolean().exactOptional().describe('True stops all egress of the selected sandboxes at once. Hot.'),
});

const status = z.strictObject({
  observedGeneration: z.int().exactOptional(),
  conditions: conditions.exactOptional(),
  sandboxes: z.strictObject({ matched: z.int(), enforced: z.int() }).exactOptional(),
});

export const clusterEgressPolicySchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ClusterEgressPolicy'),
  metadata,
  spec,
  status: status.exactOptional(),
});
export type ClusterEgressPolicy = Stored<z.infer<typeof clusterEgressPolicySchema>>;
