// Connections, messages, bytes and requests through the whole data path (fence, synthetic DNS, guard, decision, audit), against known
// proxies with the same list of hosts. Rounds are interleaved, so that a busy machine is one for everybody.
import { join } from 'node:path';
import { ensureGoProgram } from '../../../scripts/images/parts/ensure-go-program.ts';
import { cacheFolder } from '../../cluster/base/folders.ts';
import type { BenchContext } from '../bench.ts';
import { atMost, type Figure, quantile, ratioAtLeast } from '../figure.ts';
import { decisionTimesUs } from './decision-time.ts';
import { execToReadyMs } from './exec-to-ready.ts';
import { holdTunnels } from './held-tunnels.ts';
import { type Lab, onLab } from './lab.ts';
import { findPeers } from './peers.ts';
import { interleaved } from './rounds.ts';

type Figures = Readonly<Record<string, Figure>>;
type Part = (lab: Lab, context: BenchContext) => Promise<Figures>;

const parts: Readonly<Record<string, Part>> = {
  connect: async (lab, context) => {
    const { creel, squid, envoy } = await interleaved(lab, context, 'connect', ['creel', 'squid', 'envoy']);
    return {
      connectVsEnvoy: ratioAtLeast(creel, envoy, 1.2, '/s'),
      connectVsSquid: ratioAtLeast(creel, squid, 1, '/s'),
    };
  },
  messages: async (lab, context) => {
    const { creel, haproxy } = await interleaved(lab, context, 'messages', ['creel', 'haproxy']);
    return { messagesVsHaproxy: ratioAtLeast(creel, haproxy, 0.7, '/s') };
  },
  pull: async (lab, context) => {
    const { creel, haproxy } = await interleaved(lab, context, 'pull', ['creel', 'haproxy']);
    return { pullVsHaproxy: ratioAtLeast(creel.map(megabytes), haproxy.map(megabytes), 0.7, 'MB/s') };
  },
  inspected: async (lab, context) => {
    const names = ['creelInspecting', 'envoyInspecting', 'mitmproxy'] as const;
    const { creelInspecting, envoyInspecting, mitmproxy } = await interleaved(lab, context, 'requests', names);
    const over2 = await interleaved(lab, context, 'requests over HTTP/2', ['creelInspecting', 'envoyInspecting']);
    return {
      inspectedVsEnvoy: ratioAtLeast(creelInspecting, envoyInspecting, 0.4, '/s'),
      inspectedHttp2VsEnvoy: ratioAtLeast(over2.creelInspecting, over2.envoyInspecting, 0.4, '/s'),
      inspectedVsMitmproxy: ratioAtLeast(creelInspecting, mitmproxy, 10, '/s'),
    };
  },
  held: async (lab, context) => {
    const { held, empty, bytesEach } = await holdTunnels(lab, context);
    return {
      heldTunnels5kVsEmpty: ratioAtLeast(held, empty, 0.95, '/s'),
      bytesPerIdleTunnel: atMost(quantile(bytesEach, 0.5), 12_288, 'B', bytesEach),
    };
  },
  // The last: its policy of 20 000 rules replaces the bench's.
  ready: async (lab, context) => {
    const samples = await execToReadyMs(lab, context);
    return { execToReadyMs: atMost(quantile(samples, 0.5), 150, 'ms', samples) };
  },
};

const megabytes = (bytes: number) => bytes / 1e6;
/** For work on one of them: its name, or several with commas. */
const partsVariable = 'CREEL_BENCH_PARTS';

export async function benchEgress(context: BenchContext): Promise<Figures> {
  const { progress, signal } = context;
  const wanted = wantedParts(process.env[partsVariable]);
  const programs = findPeers(join(cacheFolder(), 'bench-peers'));
  const load = await ensureGoProgram('load', join(import.meta.dirname, 'load'), { progress, signal });
  progress('20 000 rules in the engine');
  const decisions = decisionTimesUs(200_000);
  const figures: Record<string, Figure> = { decisionP99Us: atMost(decisions.p99, 1, 'us', decisions.samples) };
  await onLab(load, programs, async lab => {
    for (const part of wanted) Object.assign(figures, await part(lab, context));
  });
  return figures;
}

function wantedParts(text: string | undefined): readonly Part[] {
  if (text === undefined) return Object.values(parts);
  return text.split(',').map(name => {
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (part === undefined) throw new Error(`${partsVariable}: ${name} is none of ${Object.keys(parts).join(', ')}`);
    return part;
  });
}
