import { z } from 'zod';

const image = z.string().min(1).max(512).describe('Image with its tag or digest.');
const name = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
const amounts = z.record(z.string().max(253), z.union([z.string().max(32), z.int().min(0)]));
/** A line of a list in a ConfigMap. */
const entry = z
  .string()
  .min(1)
  .max(381)
  .regex(/^[^\s]+$/);
const address = z.union([z.ipv4(), z.ipv6()]);

/** What charts/creel/values.yaml may hold: a misspelt key is refused by `helm install`, not ignored. */
export const chartValues = z
  .strictObject({
    images: z.strictObject({
      operator: image,
      sidecar: image,
      pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
      pullSecrets: z.array(name).max(8),
    }),
    operator: z.strictObject({
      replicas: z.int().min(1).max(5),
      logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']),
      resources: z.strictObject({ requests: amounts.exactOptional(), limits: amounts.exactOptional() }),
      nodeSelector: z.record(z.string().max(317), z.string().max(63)),
      tolerations: z.array(z.record(z.string().max(32), z.union([z.string(), z.int()]))).max(16),
      priorityClassName: z.union([z.literal(''), name]),
    }),
    webhook: z.strictObject({
      enabled: z.boolean(),
      replicas: z.int().min(1).max(5),
      resources: z.strictObject({ requests: amounts.exactOptional(), limits: amounts.exactOptional() }),
    }),
    separationOfDuties: z.boolean(),
    guardrails: z
      .strictObject({
        enabled: z.boolean(),
        placement: z.strictObject({
          nodeSelectors: z.array(entry).max(64),
          tolerations: z.array(entry).max(64),
          priorityClasses: z.array(name).max(64),
          runtimeClasses: z.array(name).max(64),
          runtimeClassRequired: z.boolean(),
        }),
        images: z.strictObject({ repositories: z.array(entry).max(64), digestRequired: z.boolean() }),
        isolation: z.strictObject({
          landlock: z.enum(['BestEffort', 'Required']),
          userNamespace: z.enum(['Off', 'Auto', 'Required']),
          seccomp: z.enum(['RuntimeDefault', 'Localhost']),
          appArmor: z.enum(['Auto', 'RuntimeDefault', 'Localhost']),
          topology: z.enum(['Sidecar', 'Paired']),
          identity: z.enum(['None', 'Process']),
        }),
      })
      .describe('What tenants may ask for in a Sandbox: docs/admission-policies.md.'),
    notifier: z
      .strictObject({
        secretName: z.union([z.literal(''), name]),
        secretKey: z
          .string()
          .max(253)
          .regex(/^[-._a-zA-Z0-9]+$/),
        format: z.enum(['JSON', 'Slack']),
        digestSeconds: z.int().min(1).max(86_400),
        allowPlainHttp: z.boolean(),
        ca: z.string().max(65_536),
      })
      .describe('Tells people of requests that wait: docs/notifications.md.'),
    clusterResolvers: z
      .array(address)
      .max(8)
      .describe("Addresses of the cluster's DNS; empty: Service kube-dns in kube-system."),
    extraCa: z.string().max(65_536).describe('PEM of further authorities for upstream servers.'),
    upstreamProxy: z
      .strictObject({
        url: z.union([
          z.literal(''),
          z
            .string()
            .max(300)
            .regex(/^http:\/\/[^/?#@\\\s]+:[0-9]{1,5}\/?$/),
        ]),
        secretName: z.union([z.literal(''), name]),
        secretKey: z
          .string()
          .max(253)
          .regex(/^[-._a-zA-Z0-9]+$/),
        noProxy: z
          .array(
            z
              .string()
              .min(1)
              .max(300)
              .regex(/^[^,\s]+$/),
          )
          .max(64),
        cidrs: z
          .array(
            z
              .string()
              .max(49)
              .regex(/^[0-9a-fA-F:.]+\/[0-9]{1,3}$/),
          )
          .max(16),
      })
      .describe('A corporate proxy through which everything but noProxy leaves.'),
    // Helm hands a parent chart's values down under this key.
    global: z.looseObject({}).exactOptional(),
  })
  .describe('Values of the chart creel.');
