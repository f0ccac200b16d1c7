// `npm run demo [-- --once --real-network]`: Creel's whole promise on a real cluster, told step by step.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ClusterError } from '../../test/cluster/base/cluster-error.ts';
import { ensureKubeBinaries } from '../../test/cluster/build/kube-binaries.ts';
import { makeToolFolder } from '../../test/cluster/build/make-tool-folder.ts';
import type { Cluster } from '../../test/cluster/cluster.ts';
import { startCluster } from '../../test/cluster/start-cluster.ts';
import { wantsRealNetwork } from '../../test/cluster/wants-real-network.ts';
import { openOutside } from '../../test/outside/client/create-outside.ts';
import { buildImages } from '../images/build-images.ts';
import { chooseScene, type Scene } from './choose-scene.ts';
import { DemoFailure } from './demo-failure.ts';
import { createNarrator, formatMs } from './narrator.ts';
import { tellStory } from './tell-story.ts';

const root = dirname(dirname(import.meta.dirname));
const { values: flags } = parseArgs({
  options: { once: { type: 'boolean', default: false }, 'real-network': { type: 'boolean', default: false } },
});
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
const { signal } = interrupt;

const scratch = mkdtempSync(join(tmpdir(), 'creel-demo-'));
const env = { ...process.env, PATH: `${join(scratch, 'bin')}:${process.env['PATH']}` } as Record<
  string,
  string | undefined
>;
const demo = createNarrator({ env, out: process.stdout, signal });
const startedMs = Date.now();
let cluster: Cluster | undefined;
let failed = false;
try {
  process.chdir(root);
  const scene = await setScene();
  cluster = await startKubernetes(scene);
  await loadImages(cluster);
  await install();
  await prepareModels(scene);
  await tellStory(demo, scene);
  await finish(cluster);
} catch (error) {
  failed = true;
  tellFailure(error);
} finally {
  if (flags.once && cluster) {
    demo.say('\n   tearing down ...');
    await cluster.down();
  }
  rmSync(scratch, { recursive: true, force: true });
}
if (failed) process.exit(1);
process.stdout.write('demo: ok\n');
process.exit(0);

async function setScene(): Promise<Scene> {
  const scene = await chooseScene(wantsRealNetwork(flags['real-network']), process.env);
  if (scene.realNetwork) demo.say('The real network: the cluster leaves through this machine, the model is NVIDIA’s.');
  if (scene.why !== undefined) demo.say(`Not the real network: ${scene.why}`);
  return scene;
}

async function startKubernetes({ realNetwork }: Scene): Promise<Cluster> {
  demo.step(
    'A real Kubernetes',
    'API server, etcd, kubelet, containerd: the real ones, in network namespaces of their own; no Docker.',
  );
  const begunMs = Date.now();
  const context = { progress: (text: string) => demo.progress(text), signal };
  makeToolFolder(join(scratch, 'bin'), await ensureKubeBinaries(context));
  const started = await startCluster({ ...context, nodes: 1, realNetwork });
  env['KUBECONFIG'] = started.kubeconfigPath;
  demo.figure('cluster ready after', Date.now() - begunMs);
  await demo.run('kubectl get nodes');
  // What an earlier demo left would answer for this one.
  await demo.run('kubectl delete namespace agents --ignore-not-found --wait --timeout=120s', { quiet: true });
  return started;
}

async function loadImages(target: Cluster): Promise<void> {
  demo.step('Images', 'Operator, sidecar, and OpenClaw itself from npm; built once, from the Dockerfiles in images/.');
  const begunMs = Date.now();
  const context = { progress: (text: string) => demo.progress(text), signal };
  const archives = await buildImages(['operator', 'sidecar', 'openclaw'], context);
  demo.progress('loading them into the node ...');
  await target.importImages(archives);
  demo.figure('images ready after', Date.now() - begunMs);
}

async function install(): Promise<void> {
  demo.step('Creel', 'Five kinds, the operator, and the admission policies that hold even when it is down.');
  const outside = cluster?.provider === 'embedded' ? await openOutside(cluster.name) : undefined;
  const file = join(scratch, 'values.json');
  writeFileSync(file, JSON.stringify({ extraCa: outside?.caPem ?? '' }));
  env['VALUES'] = file;
  const begunMs = Date.now();
  await demo.run(
    'helm upgrade --install creel charts/creel --namespace creel-system --create-namespace --values $VALUES --wait',
    {
      maxLines: 8,
    },
  );
  demo.figure('installed and ready after', Date.now() - begunMs);
  await demo.run('kubectl api-resources --categories=creel');
}

/** The key the demo hands out: a person's own only where it is used. */
async function prepareModels({ apiKey }: Scene): Promise<void> {
  env['NVIDIA_API_KEY'] = apiKey;
  const outside = cluster?.provider === 'embedded' ? await openOutside(cluster.name) : undefined;
  await outside?.reset();
}

async function finish(target: Cluster): Promise<void> {
  demo.step('That was it', `Everything above took ${formatMs(Date.now() - startedMs)}.`);
  for (const [label, ms] of demo.figures) demo.say(`${formatMs(ms).padStart(8)}  ${label}`);
  if (flags.once) return;
  demo.say('');
  demo.say('The cluster is still there. What to try next:');
  demo.say('  npm run cluster -- shell                    # kubectl, helm and kubectl creel for it; in there:');
  demo.say('  kubectl -n agents get csb,egp,ifp,apr');
  demo.say('  kubectl creel -n agents term                # decide on one screen; ? shows the keys, c opens a shell');
  demo.say('  kubectl creel -n agents connect my-assistant');
  demo.say('  kubectl creel -n agents describe my-assistant');
  demo.say(`Tools of your own: export KUBECONFIG=${target.kubeconfigPath}`);
  demo.say('Clean up with:');
  demo.say('  npm run cluster -- down');
}

function tellFailure(error: unknown): void {
  if (signal.aborted)
    return void process.stdout.write('\ndemo: interrupted; `npm run cluster -- down` removes what was started\n');
  if (!(error instanceof DemoFailure || error instanceof ClusterError))
    process.stdout.write(`\n${String((error as Error).stack ?? error)}\n`);
  process.stdout.write(`\ndemo: failed: ${error instanceof Error ? error.message : String(error)}\n`);
  if (flags.once) return;
  process.stdout.write('The cluster is left as it is. Look at it with:\n');
  process.stdout.write('  npm run cluster -- kubectl -n creel-system logs deploy/creel-operator\n');
  process.stdout.write('  npm run cluster -- kubectl -n agents describe csb,pod\n');
}
