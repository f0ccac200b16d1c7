import { z } from 'zod';
import { conditions } from './condition.ts';
import { apiVersion } from './group.ts';
import { metadata, type Stored } from './metadata.ts';
import { objectName, plainText, port, shownText, timestamp } from './primitives.ts';
import { rule } from './rule.ts';

const binary = z.strictObject({
  path: shownText.min(1).describe('Executable that owned the socket, as seen in the agent.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .max(64)
    .describe('Of its bytes.'),
  ancestors: z.array(shownText).max(8).exactOptional().describe('Its parents, nearest first.'),
});

const egress = z.strictObject({
  host: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9._:-]+$/)
    .describe('Canonical name or address.'),
  port,
  binary: binary.exactOptional().describe('Which program asked; absent where it could not be told.'),
  reason: z
    .enum(['NotListed', 'RequestNotAllowed'])
    .describe('NotListed: no rule lists host and port. RequestNotAllowed: one does, and lets other requests through.'),
});

const gpu = z.strictObject({
  resource: z.string().min(1).max(253).describe('Extended resource.'),
  count: z.int().min(1).max(16).describe('How many.'),
  nodeSelector: z.record(z.string().max(317), z.string().max(63)).meta({ maxProperties: 16 }).exactOptional(),
});

const decision = rule(
  z.strictObject({
    verdict: z
      .enum(['Approve', 'Deny', 'Snooze', 'Revoke'])
      .describe('Snooze: refused, and asked again later. Revoke: takes an approval back and cuts what it let through.'),
    scope: z
      .enum(['Binary', 'Endpoint', 'Request'])
      .exactOptional()
      .describe(
        'Approve for this binary (default where one is known), for any of the sandbox, or for the requests listed.',
      ),
    requests: z
      .array(
        z.strictObject({
          method: z.string().max(32).describe('Such as GET.'),
          path: z.string().max(1024).describe('Exactly this one, without its query.'),
        }),
      )
      .max(16)
      .exactOptional()
      .describe('For scope Request: exactly these, whatever their query. Absent: the one request that was seen.'),
    for: z
      .string()
      .max(20)
      .regex(/^(session|forever|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$/, {
        error: 'is no time; write it like 30m, 1h or 8h, or session',
      })
      .exactOptional()
      .describe(
        'How long an approval (required) or a snooze (default 1h) holds: a duration such as 1h; for approvals also "session" (until the pod is replaced) or "forever" (where a ceiling lets it).',
      ),
    maxUses: z
      .int()
      .min(1)
      .max(1_000_000)
      .exactOptional()
      .describe('At most so many connections; for scope Request, so many requests. Each counts once it is let out.'),
    reason: plainText.exactOptional().describe('For Deny: reaches the agent in its 403.'),
    by: z
      .string()
      .max(512)
      .regex(/^[ -~]*$/)
      .exactOptional()
      .describe('Who decides; must be the name the API server knows you by (`kubectl auth whoami`).'),
  }),
  "self.verdict != 'Approve' || has(self.for)",
  'Approve needs for, for example for: 1h',
  value => value.verdict !== 'Approve' || value.for !== undefined,
);

const specFields = z.strictObject({
  type: z.enum(['Egress', 'GPU']).describe('What is asked for.'),
  sandbox: z
    .strictObject({ name: objectName, uid: z.string().min(1).max(64) })
    .describe('Who asks: this very Sandbox, not a later one of the same name.'),
  egress: egress.exactOptional().describe('A connection, for type Egress.'),
  gpu: gpu.exactOptional().describe('Devices, for type GPU.'),
  decision: decision
    .exactOptional()
    .describe("A person's answer, the one field that changes: kubectl creel approve, deny, snooze, revoke."),
});
const withUses = rule(
  specFields,
  "self.type != 'GPU' || !has(self.decision) || !has(self.decision.maxUses)",
  'maxUses counts connections and requests; a GPU is approved for a time',
  value => value.type !== 'GPU' || value.decision?.maxUses === undefined,
);
const withTarget = rule(
  withUses,
  "has(self.egress) == (self.type == 'Egress') && has(self.gpu) == (self.type == 'GPU')",
  'type Egress needs egress, type GPU needs gpu, and not the other',
  value =>
    (value.egress !== undefined) === (value.type === 'Egress') && (value.gpu !== undefined) === (value.type === 'GPU'),
);

/** Rules that compare with the stored object: the API server alone can check them. */
const transitions = [
  {
    rule: ['type', 'sandbox'].map(field => `self.${field} == oldSelf.${field}`).join(' && '),
    message: 'a request is immutable but for its decision',
  },
  ...['egress', 'gpu'].map(field => ({
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: 'a request is immutable but for its decision',
  })),
  { rule: '!has(oldSelf.decision) || has(self.decision)', message: 'a decision cannot be removed; use verdict Revoke' },
  {
    rule:
      '!has(self.decision) || (!has(oldSelf.decision) ? self.decision.verdict in ["Approve", "Deny", "Snooze"]' +
      ' : self.decision == oldSelf.decision' +
      ' || (oldSelf.decision.verdict == "Snooze" && self.decision.verdict != "Revoke")' +
      ' || (oldSelf.decision.verdict == "Deny" && self.decision.verdict == "Approve")' +
      ' || (oldSelf.decision.verdict == "Approve" && self.decision.verdict == "Revoke"))',
    message:
      'not from this decision: open requests take Approve, Deny or Snooze; a denied one Approve; an approved one Revoke',
  },
];
const validations = 'x-kubernetes-validations';
const spec = withTarget.meta({
  ...withTarget.meta(),
  [validations]: [...((withTarget.meta()?.[validations] ?? []) as unknown[]), ...transitions],
});

const phase = z.enum(['Pending', 'Approved', 'Enforced', 'Denied', 'Snoozed', 'Expired', 'Revoked', 'Superseded']);

const status = z.strictObject({
  observedGeneration: z.int().exactOptional(),
  phase: phase
    .exactOptional()
    .describe('Enforced: the sidecar has confirmed the approval. Superseded: a policy allows it by now.'),
  hits: z.int().min(0).exactOptional().describe('How often it was tried.'),
  samples: z.array(shownText).max(10).exactOptional().describe('What was tried, as the agent sent it.'),
  warnings: z.array(shownText).max(8).exactOptional().describe('What to look twice at before approving. Hints only.'),
  usesLeft: z.int().min(0).exactOptional().describe('Of decision.maxUses; told by the sidecar, at most every 10 s.'),
  countedBy: z
    .string()
    .max(64)
    .regex(/^[0-9a-f]*$/)
    .exactOptional()
    .describe('The sidecar memory that counts the uses. Once it is gone, no use is left.'),
  firstSeen: timestamp.exactOptional(),
  lastSeen: timestamp.exactOptional(),
  decidedAt: timestamp.exactOptional(),
  expiresAt: timestamp.exactOptional().describe('When the approval or the snooze ends.'),
  enforcedRevision: z.string().max(64).exactOptional().describe('The first that held the approval.'),
  enforcedInMs: z.int().min(0).exactOptional().describe('From the decision seen to the sidecar enforcing it.'),
  endedAt: timestamp.exactOptional(),
  history: z
    .array(
      z.strictObject({
        at: timestamp,
        phase,
        by: z.string().max(512).exactOptional(),
        message: z.string().max(512).exactOptional(),
      }),
    )
    .max(10)
    .exactOptional()
    .describe('Each phase, with who and why.'),
  conditions: conditions.exactOptional(),
});

export const approvalRequestSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ApprovalRequest'),
  metadata,
  spec,
  status: status.exactOptional(),
});
export type ApprovalRequest = Stored<z.infer<typeof approvalRequestSchema>>;
