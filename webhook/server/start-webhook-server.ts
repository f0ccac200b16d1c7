// The webhook's socket side: HTTPS, two paths for the API server, three for whoever watches over the process. Whoever reaches the
// port may ask for a verdict, and a verdict changes nothing: this process stores nothing, and writes to nobody on this way.
import { type AddressInfo } from 'node:net';
import { type FastifyError, fastify } from 'fastify';
import type { AllowScrape } from '../../kube/allow-scrape.ts';
import { answerReview } from '../review/answer-review.ts';
import { readReview } from '../review/read-review.ts';
import type { AdmissionWorld } from '../rules/admission-world.ts';
import { judge, type Phase } from '../rules/judge.ts';
import { limitPerAddress } from './limit-per-address.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';

export interface WebhookServerOptions {
  readonly host: string;
  readonly port: number;
  /** undefined until the world is known: reviews are then answered by 503, which the failure policies decide. */
  readonly world: () => AdmissionWorld | undefined;
  readonly isReady: () => boolean;
  readonly metrics: WebhookMetrics;
  /** Asked before each answer with metrics; health is nobody's secret. */
  readonly allowScrape: AllowScrape;
  readonly onFailure: (error: unknown) => void;
}

export interface WebhookServer {
  readonly port: number;
  /** From the next handshake on; connections that stand go on. */
  readonly setKeys: (keys: { readonly cert: string; readonly key: string }) => void;
  /** From here on each answer asks its connection to end: the API server would go on to use those it has for as long as they stand. */
  drain(): void;
  /** Resolves when every review under way is answered. */
  readonly close: () => Promise<void>;
}

/** Two objects of etcd's largest size, as an update sends them. */
const maxReviewBytes = 3 * 2 ** 20;
/** Longer than the API server keeps an idle connection (90 s): it is never the one who finds it closed. */
const keepAliveMs = 120_000;
/** For a whole review to arrive. */
const requestTimeoutMs = 5_000;
/** API servers open one for each call under way. */
const maxConnectionsPerAddress = 128;
const maxConnections = 1_024;

export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { metrics } = options;
  let isDraining = false;
  const app = fastify({
    https: { minVersion: 'TLSv1.2', handshakeTimeout: requestTimeoutMs, connectionsCheckingInterval: 1_000 },
    bodyLimit: maxReviewBytes,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    logger: false,
  });
  const { server } = app;
  server.headersTimeout = requestTimeoutMs;
  server.maxConnections = maxConnections;
  limitPerAddress(server, maxConnectionsPerAddress);
  app.addHook('onRequest', (_request, reply, done) => {
    if (isDraining) reply.header('connection', 'close');
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) options.onFailure(error);
    void reply
      .code(status)
      .type('text/plain')
      .send(`${status >= 500 ? 'the webhook failed' : error.message}\n`);
  });
  for (const phase of ['mutate', 'validate'] as const)
    app.post(`/${phase}`, (request, reply) => {
      const world = options.world();
      if (world === undefined) return reply.code(503).type('text/plain').send('not ready\n');
      const { status, body } = review(phase, request.body as Buffer | undefined, world, metrics);
      return reply.code(status).type('application/json').send(body);
    });
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) =>
    options.isReady()
      ? reply.type('text/plain').send('ready\n')
      : reply.code(503).type('text/plain').send('not ready\n'),
  );
  app.get('/metrics', async (request, reply) => {
    const verdict = await options.allowScrape(request.headers.authorization);
    reply.code(verdict).type('text/plain; version=0.0.4');
    return reply.send(verdict === 200 ? await metrics.render() : `${refusals[verdict]}\n`);
  });
  await app.listen({ host: options.host, port: options.port });
  return {
    port: (server.address() as AddressInfo).port,
    setKeys: ({ cert, key }) => server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' }),
    drain: () => void (isDraining = true),
    close: () => app.close(),
  };
}

const refusals = {
  401: 'metrics need a token of the cluster: Authorization: Bearer TOKEN',
  403: 'the right to get /metrics is missing; bind ClusterRole creel-metrics-reader to the service account of whoever scrapes',
  503: 'the API server does not say whose token this is; try again',
} as const;

/** Bytes to bytes: reads, judges, answers, counts. */
function review(
  phase: Phase,
  body: Buffer | undefined,
  world: AdmissionWorld,
  metrics: WebhookMetrics,
): { readonly status: number; readonly body: string } {
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1000;
  const read = readReview(body ?? Buffer.alloc(0));
  if (!read.ok) {
    metrics.reviewed(phase, 'Other', 'Unreadable', seconds());
    return { status: 400, body: JSON.stringify({ message: read.message }) };
  }
  const { request } = read;
  const verdict = judge(phase, request, world);
  const answer = JSON.stringify(answerReview(request, verdict));
  metrics.reviewed(phase, request.kind.kind, verdict.problems.length === 0 ? 'Allowed' : 'Refused', seconds());
  return { status: 200, body: answer };
}
