// One sandbox does its worst, one thing after the other; the one beside it on the node gets every answer, and the first one's sidecar
// lives on within its memory.
// How much slower the neighbour gets is a figure: `npm run bench -- neighbours`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DataPath, startDataPath } from './data-path.ts';
import { floodRules, floods } from './floods.ts';
import { type Neighbour, startNeighbour } from './start-neighbour.ts';

let path: DataPath;
let neighbour: Neighbour;
beforeAll(async () => {
  path = await startDataPath('nf');
  neighbour = await startNeighbour(path.outside);
  for (const { hub } of [path, neighbour]) await hub.apply({ policy: { rules: floodRules } });
});
afterAll(async () => {
  await neighbour?.close();
  await path?.close();
});

const residentMiB = () => {
  const status = readFileSync(`/proc/${path.sidecar.proxyPid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
};
const askNeighbour = () =>
  neighbour.sidecar.runAgent(['curl', '-sS', '-m', '20', '-o', '/dev/null', '-w', '%{http_code}', 'https://api.test/']);

test.each(floods.map(flood => [flood.name, flood] as const))(
  '%s',
  async (_name, flood) => {
    const pid = path.sidecar.proxyPid;
    const node = join(path.pod.folder, 'bin', 'node');
    const agent = path.sidecar.startAgent(flood.command({ node }), { interactive: true, timeoutMs: 100_000 });
    const answers: string[] = [];
    await agent.waitForOutput('flooding', 30_000);
    while (!agent.stdout.includes('done') && agent.running) answers.push((await askNeighbour()).stdout);
    answers.push((await askNeighbour()).stdout);
    expect(agent.stdout, agent.stderr).toContain('done');
    const mib = residentMiB();
    process.stdout.write(
      `${flood.name}: ${Math.round(mib)} MiB resident, ${answers.length} answers to the neighbour\n`,
    );
    expect(mib).toBeLessThan(128);
    expect(new Set(answers)).toEqual(new Set(['200']));
    agent.child.stdin.end('\n');
    await agent.result();
    expect(path.sidecar.proxyPid).toBe(pid);
  },
  120_000,
);
