// From a denial to a person and from the decision to its effect, as seen by a program in the sandbox.
import { resources } from '../../operator/resources.ts';
import { ensureKubeBinaries } from '../cluster/build/kube-binaries.ts';
import { type Agent, startAgent } from './agent.ts';
import { measureHold } from './approvals/hold-figures.ts';
import { measureSessions } from './approvals/session-figures.ts';
import type { BenchContext } from './bench.ts';
import { type BenchCluster, benchImage, benchNamespace, isTrue, onBenchCluster } from './bench-cluster.ts';
import { atMost, type Figure, quantile } from './figure.ts';

const usualRounds = 200;
const warmUps = 10;
const timeoutMs = 30_000;
const sandboxTimeoutMs = 120_000;
const user = 'kubernetes-admin';

interface Samples {
  readonly visible: number[];
  readonly effect: number[];
  /** The same until the answer of the server. */
  readonly answered: number[];
  readonly cut: number[];
}

type Figures = Readonly<Record<string, Figure>>;

export async function benchApprovals(context: BenchContext): Promise<Figures> {
  const inSandbox = await measureSandbox(context);
  const bySessions = await measureSessions(context);
  return { ...inSandbox, ...bySessions, ...(await measureHold(context)) };
}

async function measureSandbox({ count, ...context }: BenchContext): Promise<Figures> {
  const { progress, signal } = context;
  const rounds = count(usualRounds);
  const { kube } = await ensureKubeBinaries(context);
  const samples: Samples = { visible: [], effect: [], answered: [], cut: [] };
  await onBenchCluster(context, async bench => {
    await bench.create(resources.sandboxes, 'agent', { image: benchImage, workspace: { ephemeral: true } });
    await bench.seen(resources.sandboxes, object => isTrue(object, 'Ready'), sandboxTimeoutMs);
    const agent = startAgent(kube, bench.cluster.kubeconfigPath, 'csb-agent', signal);
    for (let round = 0; round < rounds + warmUps; round++) {
      await oneRound(bench, agent, `h${round}.bench.example.org`, round < warmUps ? undefined : samples);
      if (round % 50 === 49) progress(`${round + 1} of ${rounds + warmUps} rounds`);
    }
    agent.end();
  });
  const { visible, effect, answered, cut } = samples;
  progress(
    `with name resolution and the server's answer: p50 ${quantile(answered, 0.5).toFixed(1)} ms, p99 ${quantile(answered, 0.99).toFixed(1)} ms`,
  );
  return {
    approveToEffectP50Ms: atMost(quantile(effect, 0.5), 8, 'ms', effect),
    approveToEffectP99Ms: atMost(quantile(effect, 0.99), 30, 'ms', effect),
    revokeToCutP99Ms: atMost(quantile(cut, 0.99), 100, 'ms', cut),
    denialToVisibleP95Ms: atMost(quantile(visible, 0.95), 50, 'ms', visible),
  };
}

/** A host of its own: denied, approved, used, revoked. */
async function oneRound(bench: BenchCluster, agent: Agent, host: string, samples: Samples | undefined): Promise<void> {
  const visible = bench.seen(resources.approvalRequests, ({ spec }) => spec.egress?.host === host, timeoutMs);
  const [deniedAtMs, { atMs, object }] = await Promise.all([agent.ask('deny', host), visible]);
  // The agent tries again and again from here on; what counts is when the first try that passes was begun.
  const [passedAtMs, approvedAtMs] = await Promise.all([
    agent.ask('pass', host),
    decide(bench, object.metadata.name, { verdict: 'Approve', for: '1h', scope: 'Endpoint', by: user }),
  ]);
  const answeredAtMs = await agent.ask('passed', host);
  await agent.ask('hold', host);
  const [endedAtMs, revokedAtMs] = await Promise.all([
    agent.ask('end', host),
    decide(bench, object.metadata.name, { verdict: 'Revoke', for: null, scope: null, by: user }),
  ]);
  samples?.visible.push(performance.timeOrigin + atMs - deniedAtMs);
  // Both sides hear of a write at about the same time: the effect may be there first.
  samples?.effect.push(Math.max(0, passedAtMs - approvedAtMs));
  samples?.answered.push(Math.max(0, answeredAtMs - approvedAtMs));
  samples?.cut.push(Math.max(0, endedAtMs - revokedAtMs));
}

/** Unix ms at which the API server had accepted it, as whoever decides sees it. */
async function decide({ client }: BenchCluster, name: string, decision: object): Promise<number> {
  const request = { namespace: benchNamespace, name };
  const written = await client.mergePatch(resources.approvalRequests, request, { spec: { decision } });
  if (!written.ok) throw new Error(`${name}: ${written.refusal.message}`);
  return performance.timeOrigin + performance.now();
}
