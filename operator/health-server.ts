import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AllowScrape } from '../kube/allow-scrape.ts';

export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  /** Ready means leading: the hub's Service then leads to this pod and to no other. */
  readonly isReady: () => boolean;
  readonly metrics: () => Promise<string>;
  /** Asked before each answer with metrics; health is nobody's secret. */
  readonly allowScrape: AllowScrape;
}

/** /healthz, /readyz, /metrics until the signal aborts; answers the port. */
export async function startHealthServer(options: HealthServerOptions, signal: AbortSignal): Promise<number> {
  const server = createServer((request, response) => {
    switch (request.url ?? '') {
      case '/healthz':
        return answer(response, 200, 'ok\n');
      case '/readyz':
        return options.isReady() ? answer(response, 200, 'leading\n') : answer(response, 503, 'not leading\n');
      case '/metrics':
        return void answerMetrics(options, request, response);
      default:
        return answer(response, 404, 'not found\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  signal.addEventListener(
    'abort',
    () => {
      server.close();
      server.closeAllConnections();
    },
    { once: true },
  );
  return (server.address() as AddressInfo).port;
}

async function answerMetrics(
  { metrics, allowScrape }: HealthServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const verdict = await allowScrape(request.headers.authorization);
  if (verdict !== 200) return answer(response, verdict, `${refusals[verdict]}\n`);
  await metrics().then(
    text => answer(response, 200, text),
    (error: unknown) => answer(response, 500, `${String(error)}\n`),
  );
}

const refusals = {
  401: 'metrics need a token of the cluster: Authorization: Bearer TOKEN',
  403: 'the right to get /metrics is missing; bind ClusterRole creel-metrics-reader to the service account of whoever scrapes',
  503: 'the API server does not say whose token this is; try again',
} as const;

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
}
