// Connections, messages and bytes through the whole data path (fence, synthetic DNS, guard, decision, audit), against known proxies
// with the same list of hosts. Every contestant has core 0 to itself, load and server share core 1; rounds are interleaved.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostPattern } from '../../../protocol/snapshot.ts';
import { ensureGoProgram } from '../../../scripts/images/parts/ensure-go-program.ts';
import { cacheFolder } from '../../cluster/base/folders.ts';
import { createPod } from '../../netns/create-pod.ts';
import type { Pod } from '../../netns/pod.ts';
import type { Sidecar } from '../../netns/sidecar.ts';
import { allow } from '../../netns/snapshot-parts.ts';
import { startSidecar } from '../../netns/start-sidecar.ts';
import { startTestHub } from '../../netns/test-hub.ts';
import { createOutside } from '../../outside/client/create-outside.ts';
import type { Outside } from '../../outside/client/outside.ts';
import type { BenchContext } from '../bench.ts';
import { atMost, type Figure, quantile, ratioAtLeast } from '../figure.ts';
import { decisionTimesUs } from './decision-time.ts';
import { benchHost, benchPort, exactHosts, wildcards } from './listed-hosts.ts';
import { findPeers, type PeerPrograms, startPeers } from './peers.ts';

const usualRounds = 7;
/** A sandbox may have 2048 connections (docs/limits.md). */
const usualHeld = 2000;
const roundTime = '3s';
const targetAddress = '93.184.215.14';
const ourFlags = ['--target', `${benchHost}:${benchPort}`];

interface Lab {
  readonly outside: Outside;
  readonly pod: Pod;
  readonly peerPod: Pod;
  readonly sidecar: Sidecar;
  readonly peers: Awaited<ReturnType<typeof startPeers>>;
}

type Contestant = 'creel' | 'squid' | 'envoy' | 'haproxy';
type Mode = 'connect' | 'messages' | 'pull';

export async function benchEgress(context: BenchContext): Promise<Readonly<Record<string, Figure>>> {
  const { progress, signal, count } = context;
  const programs = findPeers(join(cacheFolder(), 'bench-peers'));
  const load = await ensureGoProgram('load', join(import.meta.dirname, 'load'), { progress, signal });
  progress('20 000 rules in the engine');
  const decisions = decisionTimesUs(200_000);
  return onLab(load, programs, async lab => {
    const connects = await interleaved(lab, context, 'connect', ['creel', 'squid', 'envoy']);
    const messages = await interleaved(lab, context, 'messages', ['creel', 'haproxy']);
    const pulls = await interleaved(lab, context, 'pull', ['creel', 'haproxy']);
    const held = await withHeldTunnels(lab, context, count(usualHeld));
    return {
      connectVsEnvoy: ratioAtLeast(connects.creel, connects.envoy, 1.2, '/s'),
      connectVsSquid: ratioAtLeast(connects.creel, connects.squid, 1, '/s'),
      messagesVsHaproxy: ratioAtLeast(messages.creel, messages.haproxy, 0.7, '/s'),
      pullVsHaproxy: ratioAtLeast(pulls.creel.map(megabytes), pulls.haproxy.map(megabytes), 0.7, 'MB/s'),
      decisionP99Us: atMost(decisions.p99, 1, 'us', decisions.samples),
      heldTunnels2kVsEmpty: ratioAtLeast(held.connects, connects.creel, 0.95, '/s'),
      bytesPerIdleTunnel: atMost(held.bytesPerTunnel, 12_288, 'B', [held.bytesPerTunnel]),
    };
  });
}

const megabytes = (bytes: number) => bytes / 1e6;

async function onLab<T>(load: string, programs: PeerPrograms, use: (lab: Lab) => Promise<T>): Promise<T> {
  const outside = await createOutside({ name: `bench-${process.pid}` });
  const hub = await startTestHub({ outside });
  const [pod, peerPod] = [await createPod(outside), await createPod(outside)];
  const server = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'nsenter',
      `--net=${outside.netnsPath}`,
      'taskset',
      '-c',
      '1',
      load,
      'serve',
      `:${benchPort}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    await once(server.stderr, 'data');
    const sidecar = await startSidecar(pod, { outside, hub });
    const patterns: HostPattern[] = wildcards.map(name => ({ kind: 'label', name }));
    const more = { ports: [benchPort], protocol: 'TCP' as const };
    await hub.apply({
      policy: { rules: [allow(exactHosts, more), allow([], { ...more, id: 'test/policy/wild', hosts: patterns })] },
    });
    pin(sidecar);
    reusePorts(pod);
    reusePorts(peerPod);
    for (const { folder } of [pod, peerPod]) copyFileSync(load, join(folder, 'load'));
    const peers = await startPeers(peerPod, programs, { dns: outside.dnsAddress, targetAddress });
    return await use({ outside, pod, peerPod, sidecar, peers });
  } finally {
    await end(server);
    await pod.close();
    await peerPod.close();
    await hub.close();
    await outside.close();
  }
}

/** A proxy that ends connections itself would run out of ports within a minute and be measured waiting for them. */
function reusePorts({ netnsPath }: Pod): void {
  const sysctl = ['sysctl', '--quiet', '--write', 'net.ipv4.tcp_tw_reuse=1'];
  execFileSync('nsenter', [`--net=${netnsPath}`, ...sysctl], { stdio: 'ignore' });
}

/** Guard and proxy with all their threads on the contestants' core. */
function pin({ guard, proxyPid }: Sidecar): void {
  for (const pid of [guard.pid, proxyPid])
    execFileSync('taskset', ['--all-tasks', '-cp', '0', String(pid)], { stdio: 'ignore' });
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
}

/** Counts a second, of each contestant round by round. */
async function interleaved<C extends Contestant>(
  lab: Lab,
  { progress, signal, count }: BenchContext,
  mode: Mode,
  contestants: readonly C[],
): Promise<Readonly<Record<C, readonly number[]>>> {
  const samples = Object.fromEntries(contestants.map(name => [name, [] as number[]])) as Record<C, number[]>;
  const rounds = count(usualRounds);
  for (let round = -1; round < rounds; round++) {
    for (const name of contestants) {
      signal.throwIfAborted();
      const rate = await oneRound(lab, mode, name);
      // The first round warms caches and compilers.
      if (round >= 0) samples[name].push(rate);
    }
  }
  const said = contestants.map(name => `${name} ${Math.round(quantile(samples[name], 0.5))}/s`);
  progress(`${mode}: ${said.join(', ')}`);
  return samples;
}

async function oneRound(lab: Lab, mode: Mode, contestant: Contestant): Promise<number> {
  const flags = contestant === 'creel' ? ourFlags : lab.peers[contestant].flags;
  const pod = contestant === 'creel' ? lab.pod : lab.peerPod;
  const workers = mode === 'pull' ? '4' : '16';
  const command = [
    'taskset',
    '-c',
    '1',
    join(pod.folder, 'load'),
    mode,
    ...flags,
    '--workers',
    workers,
    '--for',
    roundTime,
  ];
  const { stdout, stderr, exitCode } = await pod.run(command, { timeoutMs: 60_000 });
  if (exitCode !== 0) throw new Error(`load ${mode} by ${contestant}: ${stderr}`);
  const result = JSON.parse(stdout) as { count: number; seconds: number; errors: number; error?: string };
  if (result.errors > result.count / 100) throw new Error(`${mode} by ${contestant}: ${stdout}`);
  return result.count / result.seconds;
}

/** How fast connections are made beside many that are held, and what one held costs the sidecar. */
async function withHeldTunnels(
  lab: Lab,
  { progress, count }: BenchContext,
  tunnels: number,
): Promise<{ readonly connects: readonly number[]; readonly bytesPerTunnel: number }> {
  const before = sidecarBytes(lab.sidecar);
  const holder = lab.pod.start([join(lab.pod.folder, 'load'), 'hold', ...ourFlags, '--workers', String(tunnels)], {
    interactive: true,
    timeoutMs: 600_000,
  });
  try {
    await holder.waitForOutput(/held \d+/, 300_000);
    const bytesPerTunnel = (sidecarBytes(lab.sidecar) - before) / tunnels;
    progress(`${tunnels} tunnels held: ${Math.round(bytesPerTunnel)} bytes each`);
    const connects: number[] = [];
    for (let round = 0; round < count(usualRounds); round++) connects.push(await oneRound(lab, 'connect', 'creel'));
    return { connects, bytesPerTunnel };
  } finally {
    await holder.stop('SIGKILL');
  }
}

/** Resident memory of the node process. */
function sidecarBytes({ proxyPid }: Sidecar): number {
  const status = readFileSync(`/proc/${proxyPid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
