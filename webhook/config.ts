import { z } from 'zod';

const environment = z.object({
  CREEL_NAMESPACE: z.string().min(1),
  CREEL_WEBHOOK_SERVICE: z.string().min(1).default('creel-webhook'),
  CREEL_WEBHOOK_SECRET: z.string().min(1).default('creel-webhook-tls'),
  CREEL_WEBHOOK_CONFIGURATION: z.string().min(1).default('creel-webhook'),
  CREEL_WEBHOOK_PORT: z.coerce.number().int().min(0).max(65_535).default(9443),
  CREEL_POD_IP: z.string().min(1).optional(),
  CREEL_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  KUBERNETES_SERVICE_HOST: z.string().min(1).optional(),
  /** For development: a kubeconfig instead of the pod's service account. */
  KUBECONFIG: z.string().min(1).optional(),
});

/** What the install says about this webhook. */
export interface WebhookConfig {
  readonly namespace: string;
  /** As the API server calls it: SERVICE.NAMESPACE.svc. */
  readonly serverName: string;
  readonly secret: string;
  /** Name of both the ValidatingWebhookConfiguration and the MutatingWebhookConfiguration. */
  readonly configuration: string;
  readonly listenHost: string;
  readonly port: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** The API server's own Service, which the environment of every pod names. */
  readonly apiServerAddress?: string;
  readonly kubeconfig?: string;
}

/** Throws with every variable that is missing or wrong. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): WebhookConfig {
  const parsed = environment.safeParse(variables);
  if (!parsed.success)
    throw new Error(`the webhook's environment is incomplete; the chart sets it:\n${z.prettifyError(parsed.error)}`);
  const env = parsed.data;
  return {
    namespace: env.CREEL_NAMESPACE,
    serverName: `${env.CREEL_WEBHOOK_SERVICE}.${env.CREEL_NAMESPACE}.svc`,
    secret: env.CREEL_WEBHOOK_SECRET,
    configuration: env.CREEL_WEBHOOK_CONFIGURATION,
    // An IPv6 pod address is the only sign that the node has IPv6 at all.
    listenHost: env.CREEL_POD_IP?.includes(':') ? '::' : '0.0.0.0',
    port: env.CREEL_WEBHOOK_PORT,
    logLevel: env.CREEL_LOG_LEVEL,
    ...(env.KUBERNETES_SERVICE_HOST === undefined ? {} : { apiServerAddress: env.KUBERNETES_SERVICE_HOST }),
    ...(env.KUBECONFIG === undefined ? {} : { kubeconfig: env.KUBECONFIG }),
  };
}
