// What one sandbox's floods cost the one beside it: new HTTPS connections of the neighbour, one after the other, while the first
// floods and while it rests, interleaved. Two pod-shaped namespaces on one node with the real guard and sidecar each, in control groups
// as the kubelet sets them for the pod that the operator builds when the user asks for no resources.
import { join } from 'node:path';
import { sampleSandbox } from '../../engine/compile/testing/objects.ts';
import { agentContainer, agentIds } from '../../operator/controllers/sandbox/pod/agent-container.ts';
import { sidecarContainer } from '../../operator/controllers/sandbox/pod/sidecar-container.ts';
import { type DataPath, startDataPath } from '../attacks/data-path.ts';
import { type Flood, floodRules, floods } from '../attacks/floods.ts';
import { type Neighbour, startNeighbour } from '../attacks/start-neighbour.ts';
import { createNodeCgroups } from '../netns/node-cgroups.ts';
import type { BenchContext } from './bench.ts';
import { type Figure, quantile, ratioAtMost } from './figure.ts';

const usualRounds = 5;
const requestsPerRound = 300;
const goal = 1.2;

const askAgainAndAgain = `
const https = require('node:https');
const ask = () => new Promise((resolve, reject) => {
  const startedMs = performance.now();
  https.get('https://api.test/', { agent: false }, response => {
    response.resume().on('end', () => resolve(performance.now() - startedMs));
  }).on('error', reject);
});
(async () => {
  // The client's own start is nobody's doing.
  for (let n = 0; n < 100; n++) await ask();
  const ms = [];
  for (let n = 0; n < Number(process.argv[1]); n++) ms.push(await ask());
  console.log(JSON.stringify(ms));
})();
`;

export async function benchNeighbours({
  count,
  progress,
  signal,
}: BenchContext): Promise<Readonly<Record<string, Figure>>> {
  const rounds = count(usualRounds);
  const cgroups = await createNodeCgroups(`creel-bench-${process.pid}`, 2, defaultResources());
  let path: DataPath | undefined;
  let neighbour: Neighbour | undefined;
  try {
    path = await startDataPath('bn', cgroups.pods[0]);
    neighbour = await startNeighbour(path.outside, cgroups.pods[1]);
    await neighbour.hub.apply({ policy: { rules: floodRules } });
    const figures: Record<string, Figure> = {};
    for (const flood of floods) {
      const during: number[] = [];
      const resting: number[] = [];
      for (let round = 0; round < rounds && !signal.aborted; round++) {
        resting.push(await p99Of(neighbour));
        during.push(await whileFlooding(path, flood, neighbour));
        progress(
          `${flood.name}: p99 ${resting.at(-1)?.toFixed(1)} ms at rest, ${during.at(-1)?.toFixed(1)} ms meanwhile`,
        );
      }
      figures[`p99During: ${flood.name}`] = ratioAtMost(during, resting, goal, 'ms');
    }
    signal.throwIfAborted();
    return figures;
  } finally {
    await neighbour?.close();
    await path?.close();
    await cgroups.close();
  }
}

/** Of sidecar and agent where the Sandbox names none. */
function defaultResources() {
  const sandbox = sampleSandbox();
  const containers = { sidecar: sidecarContainer('sidecar', agentIds(sandbox)), agent: agentContainer(sandbox) };
  return { sidecar: containers.sidecar.resources ?? {}, agent: containers.agent.resources ?? {} };
}

async function p99Of({ pod, sidecar }: Neighbour): Promise<number> {
  const command = [join(pod.folder, 'bin', 'node'), '-e', askAgainAndAgain, String(requestsPerRound)];
  const { stdout, stderr, exitCode } = await sidecar.runAgent(command, { timeoutMs: 120_000 });
  if (exitCode !== 0) throw new Error(`the neighbour was not answered: ${stderr}`);
  return quantile(JSON.parse(stdout) as number[], 0.99);
}

async function whileFlooding({ hub, pod, sidecar }: DataPath, flood: Flood, neighbour: Neighbour): Promise<number> {
  // Every time a sidecar that has not been through a flood.
  await sidecar.restart();
  await hub.apply({ policy: { rules: floodRules } });
  const command = flood.command({ node: join(pod.folder, 'bin', 'node') });
  const agent = sidecar.startAgent(command, { interactive: true, timeoutMs: 300_000 });
  try {
    await agent.waitForOutput('flooding', 60_000);
    return await p99Of(neighbour);
  } finally {
    await agent.stop('SIGKILL');
  }
}
