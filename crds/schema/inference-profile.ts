import { z } from 'zod';
import { conditions } from './condition.ts';
import { apiVersion } from './group.ts';
import { metadata, type Stored } from './metadata.ts';
import {
  dnsLabel,
  duration,
  modelName,
  objectName,
  port,
  resourceAmount,
  secretKeyRef,
  timestamp,
} from './primitives.ts';
import { rule } from './rule.ts';

/** The webhook warns of them: webhook/rules/warn-without-effect.ts. */
const notYet = 'No effect in this version.';

const endpoint = z
  .string()
  .max(512)
  .regex(/^https?:\/\/[^\p{Z}\p{Cc}@#?]+$/u, { error: 'is no base URL; write it like https://api.example.com/v1' })
  .describe('Base URL with the version path, https unless the host is in the cluster. Hot.');

const spec = rule(
  z.strictObject({
    provider: z.enum(['OpenAI', 'Anthropic']).describe('Wire dialect; NVIDIA, NIM, vLLM and Ollama speak OpenAI.'),
    endpoint: endpoint.exactOptional(),
    service: z
      .strictObject({
        name: dnsLabel,
        namespace: dnsLabel.exactOptional().describe("Default: the profile's own."),
        port,
        path: z
          .string()
          .max(256)
          .regex(/^\/[^\p{Z}\p{Cc}#?]*$/u)
          .exactOptional()
          .describe('Default /v1.'),
      })
      .exactOptional()
      .describe('A Service of this cluster instead of an endpoint. Hot.'),
    model: modelName.describe('What requests are rewritten to. Hot.'),
    models: z.array(modelName).max(64).exactOptional().describe('Further models that a Sandbox may ask for.'),
    credential: z
      .strictObject({ secretRef: secretKeyRef })
      .exactOptional()
      .describe('The key; its Secret names the hosts it may be sent to in the annotation creel.dev/allowed-hosts.'),
    timeout: duration.exactOptional().describe('Until the first byte of an answer (default 60s).'),
    limits: z
      .strictObject({
        requestsPerMinute: z.int().min(1).max(1_000_000).exactOptional().describe(notYet),
        tokensPerDay: z.int().min(1).max(1_000_000_000_000).exactOptional().describe(notYet),
        maxRequestBytes: resourceAmount.exactOptional().describe('Default 10Mi.'),
        onExhausted: z.enum(['Reject', 'Suspend']).exactOptional().describe(notYet),
      })
      .exactOptional(),
    fallback: z
      .array(objectName)
      .max(8)
      .exactOptional()
      .describe(`Profiles to try on a connect error, 429 or 5xx. ${notYet}`),
  }),
  'has(self.endpoint) != has(self.service)',
  'give exactly one of endpoint or service',
  value => (value.endpoint !== undefined) !== (value.service !== undefined),
);

const status = z.strictObject({
  observedGeneration: z.int().exactOptional(),
  conditions: conditions.exactOptional(),
  lastProbe: timestamp.exactOptional(),
  models: z.array(z.string().max(256)).max(256).exactOptional(),
  usage: z.strictObject({ requests: z.int().exactOptional(), tokens: z.int().exactOptional() }).exactOptional(),
});

export const inferenceProfileSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('InferenceProfile'),
  metadata,
  spec,
  status: status.exactOptional(),
});
export type InferenceProfile = Stored<z.infer<typeof inferenceProfileSchema>>;
