// Server, world and certificate put together. Ready means: the API server trusts what is served, and rules know the world.
import { allowScrapeWith } from '../kube/allow-scrape.ts';
import type { WatchTrouble } from '../kube/run-watch.ts';
import type { Transport } from '../kube/transport.ts';
import type { Clock, KubeClient } from '../kube/types.ts';
import { keepServing } from './certificates/keep-serving.ts';
import type { WebhookConfig } from './config.ts';
import type { AdmissionWorld } from './rules/admission-world.ts';
import { startWebhookServer } from './server/start-webhook-server.ts';
import { createWebhookMetrics } from './server/webhook-metrics.ts';
import { watchWorld } from './watch-world.ts';

export interface RunWebhookOptions {
  readonly config: WebhookConfig;
  readonly transport: Transport;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: WebhookLog;
  /** Between two looks at the certificate when nothing happens. */
  readonly checkMs?: number;
}

/** Fields never carry a part of a review. */
export interface WebhookLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RunningWebhook {
  readonly port: number;
  /** Not ready any more; reviews are still answered. */
  drain(): void;
  close(): Promise<void>;
}

/** Resolves when it is ready. */
export async function runWebhook(options: RunWebhookOptions, signal: AbortSignal): Promise<RunningWebhook> {
  const { config, log } = options;
  let world: AdmissionWorld | undefined;
  const trusted = Promise.withResolvers<void>();
  let isTrusted = false;
  let isDraining = false;
  const server = await startWebhookServer({
    host: config.listenHost,
    port: config.port,
    world: () => world,
    isReady: () => world !== undefined && isTrusted && !isDraining,
    metrics: createWebhookMetrics(),
    allowScrape: allowScrapeWith(options.client),
    onFailure: error => log.warn({ error: String(error) }, 'review failed'),
  });
  const onTrouble = ({ resource, failure }: WatchTrouble) => log.info({ resource, ...failure }, 'watch interrupted');
  const watching = { ...options, onTrouble };
  const certificate = {
    ...watching,
    configuration: config.configuration,
    secret: { namespace: config.namespace, name: config.secret },
    serverName: config.serverName,
    serve: server.setKeys,
    onServed: () => {
      log.info({ serverName: config.serverName }, 'certificate served');
      trusted.resolve();
    },
    onFailure: (error: unknown) => log.warn({ error: String(error) }, 'certificate not checked'),
  };
  void keepServing(certificate, signal);
  world = await watchWorld(
    { ...watching, ...(config.apiServerAddress === undefined ? {} : { apiServerAddress: config.apiServerAddress }) },
    signal,
  );
  await trusted.promise;
  isTrusted = true;
  const drain = () => {
    isDraining = true;
    server.drain();
  };
  return { port: server.port, drain, close: server.close };
}
