import { z } from 'zod';
import { type NotifierSettings, readNotifierSettings } from './notify/notifier-settings.ts';
import { type ConfiguredProxy, readUpstreamProxy } from './read-upstream-proxy.ts';

const port = z.coerce.number().int().min(0).max(65_535);

const environment = z.object({
  CREEL_NAMESPACE: z.string().min(1),
  CREEL_SIDECAR_IMAGE: z.string().min(1),
  CREEL_HUB_SERVICE: z.string().min(1).default('creel-hub'),
  CREEL_HUB_SECRET: z.string().min(1).default('creel-hub-tls'),
  CREEL_LEASE: z.string().min(1).default('creel-operator'),
  CREEL_POD_NAME: z.string().min(1).optional(),
  CREEL_POD_IP: z.string().min(1).optional(),
  CREEL_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  CREEL_CLUSTER_RESOLVERS: z.string().optional(),
  CREEL_EXTRA_CA: z.string().optional(),
  CREEL_UPSTREAM_PROXY: z.string().optional(),
  CREEL_UPSTREAM_PROXY_USER: z.string().optional(),
  CREEL_UPSTREAM_NO_PROXY: z.string().optional(),
  CREEL_UPSTREAM_PROXY_CIDRS: z.string().optional(),
  CREEL_HUB_PORT: port.default(8443),
  CREEL_FORBIDDEN_PORT: port.default(8444),
  CREEL_HEALTH_PORT: port.default(8080),
  CREEL_NOTIFY_URL: z.string().optional(),
  CREEL_NOTIFY_FORMAT: z.enum(['JSON', 'Slack']).default('JSON'),
  CREEL_NOTIFY_DIGEST_SECONDS: z.coerce.number().int().min(1).max(86_400).default(30),
  CREEL_NOTIFY_PLAIN_HTTP: z.enum(['true', 'false']).default('false'),
  CREEL_NOTIFY_CA: z.string().optional(),
  /** For development: a kubeconfig instead of the pod's service account. */
  KUBECONFIG: z.string().min(1).optional(),
});

/** What the install says about this operator. */
export interface OperatorConfig {
  readonly namespace: string;
  readonly sidecarImage: string;
  readonly hubService: string;
  readonly hubSecret: string;
  readonly lease: string;
  readonly podName: string;
  readonly listenHost: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Bare addresses; empty: the cluster's own DNS Service. */
  readonly resolverAddresses: readonly string[];
  readonly extraCa?: string;
  readonly upstreamProxy?: ConfiguredProxy;
  /** Absent: nobody is told. */
  readonly notifier?: NotifierSettings;
  readonly hubPort: number;
  readonly forbiddenPort: number;
  readonly healthPort: number;
  readonly kubeconfig?: string;
}

/** Throws with every variable that is missing or wrong. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): OperatorConfig {
  const parsed = environment.safeParse(variables);
  if (!parsed.success)
    throw new Error(`the operator's environment is incomplete; the chart sets it:\n${z.prettifyError(parsed.error)}`);
  const env = parsed.data;
  const upstream = readUpstreamProxy({
    url: env.CREEL_UPSTREAM_PROXY,
    userPassword: env.CREEL_UPSTREAM_PROXY_USER,
    noProxy: list(env.CREEL_UPSTREAM_NO_PROXY),
    cidrs: list(env.CREEL_UPSTREAM_PROXY_CIDRS),
  });
  if (!upstream.ok) throw new Error(`the chart's upstreamProxy is wrong:\n${upstream.problems.join('\n')}`);
  const notifier = readNotifierSettings({
    url: env.CREEL_NOTIFY_URL,
    format: env.CREEL_NOTIFY_FORMAT,
    digestSeconds: env.CREEL_NOTIFY_DIGEST_SECONDS,
    allowPlainHttp: env.CREEL_NOTIFY_PLAIN_HTTP === 'true',
    ca: env.CREEL_NOTIFY_CA,
  });
  return {
    namespace: env.CREEL_NAMESPACE,
    sidecarImage: env.CREEL_SIDECAR_IMAGE,
    hubService: env.CREEL_HUB_SERVICE,
    hubSecret: env.CREEL_HUB_SECRET,
    lease: env.CREEL_LEASE,
    podName: env.CREEL_POD_NAME ?? 'creel-operator',
    // An IPv6 pod address is the only sign that the node has IPv6 at all.
    listenHost: env.CREEL_POD_IP?.includes(':') ? '::' : '0.0.0.0',
    logLevel: env.CREEL_LOG_LEVEL,
    resolverAddresses: list(env.CREEL_CLUSTER_RESOLVERS),
    ...(env.CREEL_EXTRA_CA ? { extraCa: env.CREEL_EXTRA_CA } : {}),
    ...(upstream.configured === undefined ? {} : { upstreamProxy: upstream.configured }),
    ...(notifier === undefined ? {} : { notifier }),
    hubPort: env.CREEL_HUB_PORT,
    forbiddenPort: env.CREEL_FORBIDDEN_PORT,
    healthPort: env.CREEL_HEALTH_PORT,
    ...(env.KUBECONFIG === undefined ? {} : { kubeconfig: env.KUBECONFIG }),
  };
}

function list(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '');
}
