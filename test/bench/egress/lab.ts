// The outside world with the load's servers, a pod with Creel in it, and a pod with the proxies it is measured against. Every
// contestant has core 0 to itself, load and servers share core 1.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CompiledRule, HostPattern } from '../../../protocol/snapshot.ts';
import { createPod } from '../../netns/create-pod.ts';
import type { Pod } from '../../netns/pod.ts';
import type { Sidecar } from '../../netns/sidecar.ts';
import { allow } from '../../netns/snapshot-parts.ts';
import { startSidecar } from '../../netns/start-sidecar.ts';
import { startTestHub, type TestHub } from '../../netns/test-hub.ts';
import { createOutside } from '../../outside/client/create-outside.ts';
import type { Outside } from '../../outside/client/outside.ts';
import { outsideLayoutOf } from '../../outside/client/outside-layout.ts';
import { openTestCa } from '../../outside/server/test-ca.ts';
import { benchHost, benchPort, exactHosts, httpsPort, wildcards } from './listed-hosts.ts';
import { type PeerPrograms, startPeers } from './peers.ts';

const targetAddress = '93.184.215.14';

/** Somebody who carries the load to its server. */
export interface Contestant {
  readonly pod: Pod;
  /** How the load reaches the server through it. */
  readonly flags: readonly string[];
}

/** Creel in a pod of its own, with the policy of the bench in force. */
export interface CreelPod extends Contestant {
  readonly sidecar: Sidecar;
}

export interface Lab {
  readonly creel: CreelPod;
  readonly hub: TestHub;
  readonly squid: Contestant;
  readonly haproxy: Contestant;
  readonly envoy: Contestant;
  readonly creelInspecting: Contestant;
  readonly envoyInspecting: Contestant;
  readonly mitmproxy: Contestant;
  /** Another sandbox beside the one that was measured until now: its memory is that of a fresh one. */
  readonly addCreel: () => Promise<CreelPod>;
}

export async function onLab<T>(load: string, programs: PeerPrograms, use: (lab: Lab) => Promise<T>): Promise<T> {
  const outside = await createOutside({ name: `bench-${process.pid}` });
  const hub = await startTestHub({ outside, parts: { policy: { rules: benchRules() } } });
  const pods: Pod[] = [];
  const addPod = async () => {
    const pod = await createPod(outside);
    pods.push(pod);
    reusePorts(pod);
    copyFileSync(load, join(pod.folder, 'load'));
    return pod;
  };
  const addCreel = async (): Promise<CreelPod> => {
    const pod = await addPod();
    const sidecar = await startSidecar(pod, { outside, hub });
    pin(sidecar);
    return { pod, sidecar, flags: ['--target', `${benchHost}:${benchPort}`] };
  };
  const servers: ChildProcess[] = [];
  try {
    const peerPod = await addPod();
    const tls = writeCertificates(outside, peerPod.folder);
    servers.push(await serve(outside, [load, 'serve', `:${benchPort}`]));
    servers.push(await serve(outside, [load, 'serve-https', `:${httpsPort}`, tls.cert, tls.key]));
    const creel = await addCreel();
    const peers = await startPeers(peerPod, programs, { dns: outside.dnsAddress, targetAddress, tls });
    const https = ['--target', `${benchHost}:${httpsPort}`, '--ca'];
    return await use({
      creel,
      hub,
      addCreel,
      ...peers,
      creelInspecting: { pod: creel.pod, flags: [...https, join(creel.sidecar.files.shared, 'ca-bundle.crt')] },
    });
  } finally {
    for (const server of servers) await end(server);
    for (const pod of pods) await pod.close();
    await hub.close();
    await outside.close();
  }
}

function benchRules(): CompiledRule[] {
  const patterns: HostPattern[] = wildcards.map(name => ({ kind: 'label', name }));
  const opaque = { ports: [benchPort], protocol: 'TCP' } as const;
  const inspection = { kind: 'HTTP', allow: [{ methods: ['GET'], path: '/v1/**' }], deny: [] } as const;
  const inspected = { ports: [httpsPort], protocol: 'HTTP', inspection } as const;
  return [
    allow(exactHosts, { ...opaque, id: 'test/policy/hosts' }),
    allow([], { ...opaque, id: 'test/policy/wild', hosts: patterns }),
    allow(exactHosts, { ...inspected, id: 'test/policy/https' }),
    allow([], { ...inspected, id: 'test/policy/wild-https', hosts: patterns }),
  ];
}

/** Files of certificates that programs in the pod read. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** One leaf (P-256, as the sandbox CA's are) for the server and for the proxies that stand in for it. */
function writeCertificates(outside: Outside, folder: string): TlsFiles {
  const authority = openTestCa(outsideLayoutOf(outside.name).folder);
  const { cert, key } = authority.certificateFor(benchHost);
  const write = (name: string, content: string) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };
  return { ca: write('ca.pem', authority.caPem), cert: write('leaf.pem', cert), key: write('leaf.key', key) };
}

async function serve({ netnsPath }: Outside, command: readonly string[]): Promise<ChildProcess> {
  const inNamespace = ['--pdeathsig', 'KILL', 'nsenter', `--net=${netnsPath}`, 'taskset', '-c', '1', ...command];
  const server = spawn('setpriv', inNamespace, { stdio: ['ignore', 'ignore', 'pipe'] });
  await once(server.stderr, 'data');
  return server;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
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
