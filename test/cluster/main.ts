// `npm run cluster -- up|down|status|shell|kubectl …`: the embedded Kubernetes by hand.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { removeOutside } from '../outside/client/remove-outside.ts';
import { ClusterError } from './base/cluster-error.ts';
import { stderrProgress } from './base/progress.ts';
import { withFileLock } from './base/with-file-lock.ts';
import { ensureKubeBinaries } from './build/kube-binaries.ts';
import { makeToolFolder } from './build/make-tool-folder.ts';
import { maxNodes } from './embedded/addresses.ts';
import { clusterNameFromEnvironment, parseClusterName } from './embedded/cluster-name.ts';
import { describeCluster } from './embedded/describe-cluster.ts';
import { layoutOf } from './embedded/layout.ts';
import { requireHost } from './embedded/require-host.ts';
import { sweepOrphans } from './embedded/sweep-orphans.ts';
import { tearDown } from './embedded/tear-down.ts';
import { startEmbeddedWithOutside } from './start-embedded-with-outside.ts';
import { wantsRealNetwork } from './wants-real-network.ts';

const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => abort.abort());
const context = { progress: stderrProgress, signal: abort.signal };

const program = new Command('npm run cluster --').description('The embedded Kubernetes: real components, no Docker.');

named('up', 'start the cluster, or whatever of it is missing')
  .option('--nodes <count>', 'nodes, each in its own network namespace', parseNodeCount, 1)
  .option('--control-plane', 'no nodes: etcd, API server and controller manager only')
  .option('--fsync', 'etcd waits for the disk: honest latency')
  .option(
    '--real-network',
    'pods reach what this machine reaches, by its default route and resolvers (CREEL_REAL_NETWORK=1)',
  )
  .action(async ({ name, nodes, controlPlane, fsync, realNetwork: flag }: UpFlags) => {
    const startedMs = Date.now();
    await sweepOrphans(context.progress, context.signal);
    const realNetwork = wantsRealNetwork(flag ?? false);
    const options = { ...context, name, nodes: controlPlane ? 0 : nodes, fsync: fsync ?? false, realNetwork };
    const cluster = await startEmbeddedWithOutside(options);
    context.progress(`${name} is ready after ${((Date.now() - startedMs) / 1000).toFixed(1)} s; use it with:`);
    process.stdout.write(`export KUBECONFIG=${cluster.kubeconfigPath}\n`);
  });

named('down', 'end the cluster and remove everything it left').action(async ({ name }: NameFlag) => {
  requireHost();
  const layout = layoutOf(name);
  await withFileLock(layout.lock, abort.signal, () => tearDown(layout));
  await removeOutside(name);
  await sweepOrphans(context.progress, context.signal);
  context.progress(`${name} is down`);
});

named('status', 'what runs').action(({ name }: NameFlag) => {
  process.stdout.write(describeCluster(layoutOf(name)));
});

named('kubectl', 'kubectl as the administrator of the cluster')
  .argument('[args...]')
  .allowUnknownOption()
  .passThroughOptions()
  .action(async (args: string[], { name }: NameFlag) => {
    const { kube } = await ensureKubeBinaries(context);
    process.exitCode = await handOver(kube, ['kubectl', '--kubeconfig', layoutOf(name).kubeconfig, ...args]);
  });

named('shell', 'a shell with kubectl, helm and kubectl creel for the cluster').action(async ({ name }: NameFlag) => {
  const { folder, kubeconfig } = layoutOf(name);
  if (!existsSync(kubeconfig))
    throw new ClusterError(`${name} is not running; start it with: npm run cluster -- up --name ${name}`);
  const tools = join(folder, 'bin');
  makeToolFolder(tools, await ensureKubeBinaries(context));
  context.progress(`kubectl, helm and kubectl creel are for ${name}; exit leads back`);
  const env = {
    ...process.env,
    PATH: [tools, process.env['PATH']].join(delimiter),
    KUBECONFIG: kubeconfig,
  };
  process.exitCode = await handOver(process.env['SHELL'] ?? '/bin/sh', [], env);
});

interface NameFlag {
  readonly name: string;
}
interface UpFlags extends NameFlag {
  readonly nodes: number;
  readonly controlPlane?: boolean;
  readonly fsync?: boolean;
  readonly realNetwork?: boolean;
}

/** Its exit code, when it has ended. */
function handOver(command: string, args: readonly string[], env = process.env): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit', env });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve(code ?? 1));
  });
}

function named(verb: string, description: string): Command {
  return program
    .enablePositionalOptions()
    .command(verb)
    .description(description)
    .option('--name <name>', 'which cluster (CREEL_CLUSTER_NAME)', parseClusterName, clusterNameFromEnvironment());
}

function parseNodeCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= maxNodes) return count;
  throw new InvalidArgumentError(`use a whole number from 1 to ${maxNodes}, or --control-plane for none`);
}

try {
  await program.parseAsync();
} catch (error) {
  if (abort.signal.aborted) process.stderr.write('cluster: interrupted; the same command goes on where it was\n');
  else if (error instanceof ClusterError) process.stderr.write(`cluster: ${error.message}\n`);
  else throw error;
  process.exitCode = 1;
}
