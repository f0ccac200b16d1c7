// Server, world and certificate put together. Ready means: the API server trusts what is served, and rules know the world.
import { runWatch } from '../operator/kube/run-watch.ts';
import type { Transport } from '../operator/kube/transport.ts';
import type { Clock, KubeClient } from '../operator/kube/types.ts';
import { wait } from '../operator/kube/wait.ts';
import { keepCertificate } from './certificates/keep-certificate.ts';
import type { WebhookConfig } from './config.ts';
import { resources } from './resources.ts';
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

const defaultCheckMs = 30_000;

/** Resolves when it is ready. */
export async function runWebhook(options: RunWebhookOptions, signal: AbortSignal): Promise<RunningWebhook> {
  const { config, transport, client, clock, log, checkMs = defaultCheckMs } = options;
  let world: AdmissionWorld | undefined;
  let isTrusted = false;
  let isDraining = false;
  const server = await startWebhookServer({
    host: config.listenHost,
    port: config.port,
    world: () => world,
    isReady: () => world !== undefined && isTrusted && !isDraining,
    metrics: createWebhookMetrics(),
    onFailure: error => log.warn({ error: String(error) }, 'review failed'),
  });
  const onTrouble = ({ resource, failure }: { resource: string; failure: object }) =>
    log.info({ resource, ...failure }, 'watch interrupted');
  const watching = { ...options, onTrouble };
  const certificate = {
    client,
    clock,
    configuration: config.configuration,
    secret: { namespace: config.namespace, name: config.secret },
    serverName: config.serverName,
    serve: server.setKeys,
  };
  const keep = async () => {
    let served: Awaited<ReturnType<typeof keepCertificate>> | undefined;
    let changed = Promise.withResolvers<void>();
    const onChange = () => changed.resolve();
    // Whoever applies the chart's own text again takes the trust out of it: calls fail until it is back.
    for (const resource of [resources.validatingWebhooks, resources.mutatingWebhooks])
      void runWatch(
        { ...watching, resource, scope: { fieldSelector: `metadata.name=${config.configuration}` }, onChange },
        signal,
      );
    while (!signal.aborted) {
      changed = Promise.withResolvers();
      const before = served;
      try {
        served = await keepCertificate(certificate, before, signal);
        isTrusted = true;
        if (served.cert !== before?.cert) log.info({ serverName: config.serverName }, 'certificate served');
      } catch (error) {
        log.warn({ error: String(error) }, 'certificate not checked');
        await wait(1_000, clock, signal);
        continue;
      }
      await Promise.race([changed.promise, wait(checkMs, clock, signal)]);
    }
  };
  void keep();
  world = await watchWorld(
    { ...watching, ...(config.apiServerAddress === undefined ? {} : { apiServerAddress: config.apiServerAddress }) },
    signal,
  );
  while (!isTrusted && !signal.aborted) await wait(50, clock, signal);
  return { port: server.port, drain: () => void (isDraining = true), close: server.close };
}
