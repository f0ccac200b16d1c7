// The webhook as a process of its own with the chart's rights and no others, and the API server calling it as the chart says: by its
// Service, whose only endpoint is this machine. There is no node here to run its pod.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { installChart, uninstallChart } from '../../charts/testing/chart-release.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { addressesOf } from '../../test/cluster/embedded/addresses.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const webhookNamespace = 'creel-system';
const service = 'creel-webhook';
const user = `system:serviceaccount:${webhookNamespace}:creel-webhook`;

export interface WebhookProcess {
  readonly process: ChildProcess;
  readonly port: number;
  readonly log: readonly string[];
  /** Resolves with the exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** CRDs and the chart, with every part of the webhook; `set` are further values. */
export async function installWithWebhook(set: readonly string[] = []): Promise<void> {
  await currentCluster().kubectl(['apply', '--server-side', '--force-conflicts', `--filename=${root}crds`]);
  await currentCluster().kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  await installChart(['webhook.replicas=1', ...set]);
}

export async function uninstallWithWebhook(): Promise<void> {
  await routeWebhook(undefined);
  await uninstallChart();
  // Made by the webhook, not by the chart.
  await currentCluster().kubectl([
    'delete',
    'secret',
    'creel-webhook-tls',
    '-n',
    webhookNamespace,
    '--ignore-not-found',
  ]);
}

/** Resolves when it serves what the API server trusts. */
export async function startWebhook(): Promise<WebhookProcess> {
  const kubeconfig = await currentCluster().clientFor(user, ['system:serviceaccounts', 'system:authenticated']);
  const child = spawn(process.execPath, [`${root}webhook/main.ts`], {
    env: { ...process.env, KUBECONFIG: kubeconfig, CREEL_NAMESPACE: webhookNamespace, CREEL_WEBHOOK_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  const ended = new Promise<number | null>(resolve => {
    child.once('exit', resolve);
  });
  const serving = new Promise<number>(resolve => {
    createInterface(child.stdout).on('line', line => {
      log.push(line);
      if (line.includes('"msg":"serving"')) resolve((JSON.parse(line) as { port: number }).port);
    });
  });
  createInterface(child.stderr).on('line', line => log.push(line));
  const failed = ended.then(code => {
    throw new Error(`the webhook ended with ${code}:\n${log.join('\n')}`);
  });
  failed.catch(() => undefined);
  const port = await Promise.race([serving, failed]);
  await routeWebhook(port);
  return {
    process: child,
    port,
    log,
    stop: signal => {
      child.kill(signal);
      return ended;
    },
  };
}

/** The Service's one endpoint: this port of this machine, as the cluster reaches it; undefined: none. */
export async function routeWebhook(port: number | undefined): Promise<void> {
  const name = `${service}-test`;
  const cluster = currentCluster();
  if (port === undefined) {
    await cluster.kubectl(['delete', 'endpointslice', name, '-n', webhookNamespace, '--ignore-not-found']);
    return;
  }
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: webhookNamespace, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: 'webhook', port, protocol: 'TCP' }],
    endpoints: [{ addresses: [hostOf(cluster.apiServerUrl)], conditions: { ready: true } }],
  };
  await cluster.kubectl(['apply', '--filename=-'], { stdin: JSON.stringify(slice) });
}

/** This machine as the API server sees it: both are in the cluster's subnet. */
function hostOf(apiServerUrl: string): string {
  const { hostname } = new URL(apiServerUrl);
  return addressesOf(Number(hostname.split('.')[2])).host;
}
