// The operator: one leads, followers watch. Reads top to bottom; ends in one graceful shutdown.
import { randomUUID } from 'node:crypto';
import { allowScrapeWith } from '../kube/allow-scrape.ts';
import { inClusterConnection } from '../kube/in-cluster-connection.ts';
import { createKubeClient } from '../kube/kube-client.ts';
import { acquireLeadership } from '../kube/leader-lease.ts';
import { loadKubeconfig } from '../kube/load-kubeconfig.ts';
import { systemClock } from '../kube/system-clock.ts';
import { openTransport } from '../kube/transport.ts';
import { untilAborted } from '../kube/until-aborted.ts';
import { wait } from '../kube/wait.ts';
import { createAuditLog } from './audit/create-audit-log.ts';
import { readConfig } from './config.ts';
import { type CounterEntry, createCounters } from './counters.ts';
import { startHealthServer } from './health-server.ts';
import type { RunningHub } from './hub/start-hub.ts';
import { lead } from './lead.ts';
import { createLog } from './log.ts';
import { openStores } from './operator-stores.ts';
import { renderMetrics } from './render-metrics.ts';

const fieldManager = 'creel-operator';
/** Within the pod's grace period, with time left to hand the lease over. */
const drainMs = 10_000;

const config = readConfig(process.env);
const log = createLog(config.logLevel);
const audit = createAuditLog(process.stdout, () => clock.nowMs());
const counters = createCounters();
const clock = systemClock;
const random = Math.random;

const shutdown = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => shutdown.abort(new Error(name)));
const closed = new AbortController();

const { kubeconfig } = config;
const connection = await (kubeconfig === undefined ? inClusterConnection(process.env) : loadKubeconfig(kubeconfig));
const transport = openTransport(connection);
const onTrouble = (message: string) => log.warn({}, message);

let hub: RunningHub | undefined;
const healthPort = await startHealthServer(
  {
    host: config.listenHost,
    port: config.healthPort,
    isReady: () => hub !== undefined,
    allowScrape: allowScrapeWith(createKubeClient({ transport, fieldManager, signal: closed.signal })),
    metrics: () =>
      renderMetrics(
        [...counters.entries(), ...refusedDenials(hub)],
        [
          { name: 'creel_leading', help: '1 while this operator leads', value: hub === undefined ? 0 : 1 },
          { name: 'creel_hub_sessions', help: 'Sidecars connected', value: hub?.hub.openSessions ?? 0 },
        ],
      ),
  },
  closed.signal,
);
log.info({ server: connection.server, healthPort }, 'starting');

let failed = false;
try {
  const stores = await orAborted(
    openStores(
      {
        transport,
        clock,
        random,
        onTrouble: ({ resource, failure }) => {
          counters.watchTrouble(resource);
          log.info({ resource, ...failure }, 'watch interrupted');
        },
      },
      closed.signal,
    ),
    shutdown.signal,
  );
  log.info({}, 'watching');

  const leadership = await acquireLeadership(
    {
      client: createKubeClient({ transport, fieldManager, signal: closed.signal }),
      transport,
      lease: { namespace: config.namespace, name: config.lease },
      identity: `${config.podName}_${randomUUID()}`,
      clock,
      monotonicMs: () => performance.now(),
      random,
      onTrouble,
    },
    shutdown.signal,
  );
  const client = createKubeClient({
    transport,
    fieldManager,
    signal: closed.signal,
    mayWrite: () => leadership.isCurrent(),
  });
  const leading = AbortSignal.any([shutdown.signal, leadership.lost]);
  const led = lead(
    {
      config,
      stores,
      client,
      epoch: leadership.epoch,
      clock,
      random,
      log,
      audit,
      counters,
      onLeading: running => {
        hub = running;
      },
    },
    leading,
  );
  // A failed start ends the process as a lost lease does.
  await Promise.race([led, untilAborted(leading)]);
  hub = undefined;
  await Promise.race([led, wait(drainMs, clock, closed.signal)]);
  if (leadership.lost.aborted) throw new Error(`leadership lost: ${String(leadership.lost.reason)}`);
  await leadership.release();
} catch (error) {
  failed = !shutdown.signal.aborted;
  if (failed)
    log.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'operator failed');
} finally {
  closed.abort();
  await transport.close();
}
log.info({ failed }, 'ended');
// Timers of a drain that took too long must not keep the process.
process.exit(failed ? 1 : 0);

/** Nothing an agent does is lost from sight: what makes no request is counted. */
function refusedDenials(running: RunningHub | undefined): readonly CounterEntry[] {
  const name = 'creel_denials_refused_total';
  const help = 'Denials that led to no ApprovalRequest';
  return [...(running?.desk.refused ?? [])].map(([reason, value]) => ({ name, help, labels: { reason }, value }));
}

/** The promise, or a rejection as soon as the signal aborts. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
