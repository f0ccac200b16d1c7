// The admission webhook: a process of its own, so that the operator's absence is not felt here. Ends in one graceful shutdown.
import { pino } from 'pino';
import { inClusterConnection } from '../kube/in-cluster-connection.ts';
import { createKubeClient } from '../kube/kube-client.ts';
import { loadKubeconfig } from '../kube/load-kubeconfig.ts';
import { systemClock } from '../kube/system-clock.ts';
import { openTransport } from '../kube/transport.ts';
import { untilAborted } from '../kube/until-aborted.ts';
import { wait } from '../kube/wait.ts';
import { readConfig } from './config.ts';
import { runWebhook } from './run-webhook.ts';

/** The API server hears within this time that this replica is on its way out, and calls the others. */
const drainMs = 5_000;

const config = readConfig(process.env);
const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
const shutdown = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => shutdown.abort(new Error(name)));
const closed = new AbortController();

const { kubeconfig } = config;
const connection = await (kubeconfig === undefined ? inClusterConnection(process.env) : loadKubeconfig(kubeconfig));
const transport = openTransport(connection);
const client = createKubeClient({ transport, fieldManager: 'creel-webhook', signal: closed.signal });

let failed = false;
try {
  const options = { config, transport, client, clock: systemClock, random: Math.random, log };
  // A start that waits for something, such as its configurations, ends at once when it is told to.
  const webhook = await Promise.race([runWebhook(options, closed.signal), untilAborted(shutdown.signal)]);
  if (webhook !== undefined) {
    log.info({ server: connection.server, port: webhook.port }, 'serving');
    await untilAborted(shutdown.signal);
    webhook.drain();
    await wait(drainMs, systemClock, closed.signal);
    await webhook.close();
  }
} catch (error) {
  failed = true;
  log.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'webhook failed');
} finally {
  closed.abort();
  await transport.close();
}
log.info({ failed }, 'ended');
process.exit(failed ? 1 : 0);
