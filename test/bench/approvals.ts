// From a denial to a person and from the decision to its effect, as seen by a program in the sandbox.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { resources } from '../../operator/resources.ts';
import { paths } from '../../protocol/constants.ts';
import { ensureKubeBinaries } from '../cluster/build/kube-binaries.ts';
import { type BenchCluster, benchNamespace, isTrue, startBenchCluster } from './bench-cluster.ts';
import { atMost, type Figure, quantile } from './figure.ts';

const rounds = 200;
const warmUps = 10;
const timeoutMs = 30_000;
const sandboxTimeoutMs = 120_000;
const user = 'kubernetes-admin';

interface Samples {
  readonly visible: number[];
  readonly effect: number[];
  readonly cut: number[];
}

export async function benchApprovals(
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<Readonly<Record<string, Figure>>> {
  const bench = await startBenchCluster('bench-approvals', progress, signal);
  const { kube } = await ensureKubeBinaries({ progress, signal });
  try {
    await bench.sandbox('agent');
    await bench.seen(
      resources.sandboxes,
      ({ metadata, ...rest }) => metadata.name === 'agent' && isTrue(rest, 'Ready'),
      sandboxTimeoutMs,
    );
    const agent = startAgent(kube, bench.cluster.kubeconfigPath);
    const samples: Samples = { visible: [], effect: [], cut: [] };
    for (let round = 0; round < rounds + warmUps; round++) {
      await oneRound(bench, agent, `h${round}.bench.example.org`, round < warmUps ? undefined : samples);
      if (round % 50 === 49) progress(`${round + 1} of ${rounds + warmUps} rounds`);
    }
    agent.end();
    const { visible, effect, cut } = samples;
    return {
      approveToEffectP50Ms: atMost(quantile(effect, 0.5), 8, 'ms', effect),
      approveToEffectP99Ms: atMost(quantile(effect, 0.99), 30, 'ms', effect),
      revokeToCutP99Ms: atMost(quantile(cut, 0.99), 100, 'ms', cut),
      denialToVisibleP95Ms: atMost(quantile(visible, 0.95), 50, 'ms', visible),
    };
  } finally {
    await bench.down();
  }
}

async function oneRound(bench: BenchCluster, agent: Agent, host: string, samples: Samples | undefined): Promise<void> {
  const isRequest = (object: { readonly spec: { readonly egress?: { readonly host: string } } }) =>
    object.spec.egress?.host === host;
  const visible = bench.seen(resources.approvalRequests, isRequest, timeoutMs);
  const deniedAtMs = await agent.ask('deny', host);
  const { atMs, object } = await visible;
  // The agent tries again and again from here on; what counts is when the first try that passes was begun.
  const passes = agent.ask('pass', host);
  const approvedAtMs = await decide(bench, object.metadata.name, {
    verdict: 'Approve',
    for: '1h',
    scope: 'Endpoint',
    by: user,
  });
  const passedAtMs = await passes;
  await agent.ask('hold', host);
  const ends = agent.ask('end', host);
  const revokedAtMs = await decide(bench, object.metadata.name, {
    verdict: 'Revoke',
    for: null,
    scope: null,
    by: user,
  });
  const endedAtMs = await ends;
  samples?.visible.push(atMs + performance.timeOrigin - deniedAtMs);
  samples?.effect.push(Math.max(0, passedAtMs - approvedAtMs));
  samples?.cut.push(Math.max(0, endedAtMs - revokedAtMs));
}

/** Unix ms at which the API server had accepted it. */
async function decide(bench: BenchCluster, name: string, decision: object): Promise<number> {
  const written = await bench.client.mergePatch(
    resources.approvalRequests,
    { namespace: benchNamespace, name },
    { spec: { decision } },
  );
  if (!written.ok) throw new Error(`${name}: ${written.refusal.message}`);
  return performance.timeOrigin + performance.now();
}

interface Agent {
  /** Unix ms of the moment that the verb is about. */
  ask(verb: 'deny' | 'pass' | 'hold' | 'end', host: string): Promise<number>;
  end(): void;
}

/** In the sandbox: plain HTTP requests to a host, one connection each, and one connection held open. Clocks are one machine's. */
const agentScript = `
const net = require('node:net');
const now = () => performance.timeOrigin + performance.now();
const held = new Map();
const tryOnce = host => new Promise(resolve => {
  const at = now();
  const socket = net.connect(80, host, () => socket.write('GET / HTTP/1.1\\r\\nHost: ' + host + '\\r\\nConnection: close\\r\\n\\r\\n'));
  let text = '';
  socket.on('data', chunk => { text += chunk; });
  socket.on('error', () => undefined);
  socket.on('close', () => resolve({ at, status: Number(/^HTTP\\/1.1 (\\d+)/.exec(text)?.[1] ?? 0) }));
});
const verbs = {
  deny: async host => (await tryOnce(host)).at,
  pass: async host => { for (;;) { const { at, status } = await tryOnce(host); if (status === 200) return at; } },
  hold: host => new Promise(resolve => {
    const socket = net.connect(80, host, () => socket.write('GET / HTTP/1.1\\r\\nHost: ' + host + '\\r\\n\\r\\n'));
    held.set(host, new Promise(done => socket.on('close', () => done(now()))));
    socket.on('error', () => undefined);
    socket.once('data', () => resolve(now()));
  }),
  end: host => held.get(host),
};
require('node:readline').createInterface({ input: process.stdin }).on('line', async line => {
  const [id, verb, host] = line.split(' ');
  console.log(id + ' ' + await verbs[verb](host));
});
`;

function startAgent(kube: string, kubeconfig: string): Agent {
  const launcher = [paths.launcher, 'run', '--', 'node', '-e', agentScript];
  const args = [
    'kubectl',
    '--kubeconfig',
    kubeconfig,
    '--namespace',
    benchNamespace,
    'exec',
    '--stdin',
    'csb-agent',
    '--container=agent',
    '--',
    ...launcher,
  ];
  const child: ChildProcessWithoutNullStreams = spawn(kube, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const waiting = new Map<string, (atMs: number) => void>();
  let lastError = '';
  child.stderr.on('data', (chunk: Buffer) => (lastError = chunk.toString()));
  createInterface({ input: child.stdout }).on('line', line => {
    const [id = '', atMs] = line.split(' ');
    waiting.get(id)?.(Number(atMs));
    waiting.delete(id);
  });
  let next = 0;
  return {
    ask: (verb, host) =>
      new Promise((resolve, reject) => {
        const id = String(next++);
        const timer = setTimeout(
          () => reject(new Error(`the agent did not ${verb} ${host} within ${timeoutMs} ms: ${lastError}`)),
          timeoutMs,
        );
        waiting.set(id, atMs => {
          clearTimeout(timer);
          resolve(atMs);
        });
        child.stdin.write(`${id} ${verb} ${host}\n`);
      }),
    end: () => void child.stdin.end(),
  };
}
