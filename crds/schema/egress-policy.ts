import { z } from 'zod';
import { byName, namesAreUnique } from './by-name.ts';
import { conditions } from './condition.ts';
import { allowRule, denyRule } from './egress-rule.ts';
import { apiVersion } from './group.ts';
import { metadata, type Stored } from './metadata.ts';
import { absolutePath, labelSelector, port } from './primitives.ts';

const policyTest = z.strictObject({
  request: z.strictObject({
    host: z.string().min(1).max(253),
    port,
    method: z.string().max(32).exactOptional(),
    path: z.string().max(1024).exactOptional(),
    binary: absolutePath.exactOptional(),
  }),
  expect: z.enum(['Allow', 'Deny', 'Ask']).describe('Ask: no rule is about it, a person would be asked.'),
});

const spec = z.strictObject({
  sandboxSelector: labelSelector.describe('Which Sandboxes of this namespace; {} selects all.'),
  allow: z
    .array(allowRule)
    .max(128)
    .refine(namesAreUnique, 'two rules have the same name')
    .meta(byName)
    .exactOptional()
    .describe('What they may reach without asking. Hot.'),
  deny: z
    .array(denyRule)
    .max(128)
    .refine(namesAreUnique, 'two rules have the same name')
    .meta(byName)
    .exactOptional()
    .describe('What they may never reach; beats every allow rule and approval. Hot.'),
  tests: z
    .array(policyTest)
    .max(64)
    .exactOptional()
    .describe('Requests and what must become of them; while one fails the policy allows nothing.'),
});

const status = z.strictObject({
  observedGeneration: z.int().exactOptional(),
  conditions: conditions.exactOptional(),
  sandboxes: z.strictObject({ matched: z.int(), enforced: z.int() }).exactOptional(),
});

export const egressPolicySchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('EgressPolicy'),
  metadata,
  spec,
  status: status.exactOptional(),
});
export type EgressPolicy = Stored<z.infer<typeof egressPolicySchema>>;
