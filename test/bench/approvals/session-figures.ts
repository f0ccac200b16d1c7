// What a hundred sandboxes ask of operator and API server: single decisions among others, a thousand at once, a flood of denials.
import type { ApprovalRequest } from '../../../crds/schema/approval-request.ts';
import { resources } from '../../../operator/resources.ts';
import type { DownFrame } from '../../../protocol/session.ts';
import type { BenchContext } from '../bench.ts';
import { atMost, type Figure, quantile, round } from '../figure.ts';
import { onHubSessions, type SessionsBench, type SidecarSession } from './hub-sessions.ts';

const sessionCount = 100;
const usualRounds = 300;
const fanOut = 1000;
const patchesAtOnce = 32;
const floodMs = 10_000;
const denialsPerSecond = 1000;
const floodKeysPerSession = 3;
const readEveryMs = 20;
const by = 'kubernetes-admin';
const now = () => performance.now();

type Figures = Readonly<Record<string, Figure>>;

export async function measureSessions(context: BenchContext): Promise<Figures> {
  const { count, progress } = context;
  const sessions = Math.min(sessionCount, count(sessionCount));
  return onHubSessions(context, sessions, async bench => {
    const single = await measureSingle(bench, count(usualRounds));
    progress('single decisions measured');
    const all = await measureFanOut(bench, count(fanOut));
    progress('all at once measured');
    return { ...single, ...all, ...(await measureFlood(bench, context)) };
  });
}

/** PATCH accepted → the grant at its sidecar, and the same for taking it back, with the other sessions idle. */
async function measureSingle(bench: SessionsBench, rounds: number): Promise<Figures> {
  const [visible, granted, revoked]: [number[], number[], number[]] = [[], [], []];
  for (let index = 0; index < rounds; index++) {
    const session = sessionAt(bench, index);
    const askedMs = now();
    const approval = await ask(session, 1_000_000 + index, `single${index}.bench.example.org`);
    visible.push(now() - askedMs);
    granted.push(await effectOf(bench, session, approval, { verdict: 'Approve', for: '1h', by }, true));
    revoked.push(await effectOf(bench, session, approval, { verdict: 'Revoke', for: null, by }, false));
  }
  return {
    sessionsGrantP50Ms: atMost(quantile(granted, 0.5), 8, 'ms', granted),
    sessionsGrantP99Ms: atMost(quantile(granted, 0.99), 30, 'ms', granted),
    sessionsRevokeP99Ms: atMost(quantile(revoked, 0.99), 100, 'ms', revoked),
    sessionsAskedP95Ms: atMost(quantile(visible, 0.95), 50, 'ms', visible),
  };
}

/** Every request of every sandbox approved at once: from the first PATCH to the last grant at its sidecar. */
async function measureFanOut(bench: SessionsBench, total: number): Promise<Figures> {
  const wanted: { readonly session: SidecarSession; readonly approval: string }[] = [];
  for (let index = 0; index < total; index++) {
    const session = sessionAt(bench, index);
    wanted.push({ session, approval: await ask(session, 2_000_000 + index, `all${index}.bench.example.org`) });
  }
  const startedMs = now();
  const arrivals = wanted.map(({ session, approval }) =>
    arrival(session, approval, true).then(() => now() - startedMs),
  );
  const queue = [...wanted];
  const worker = async () => {
    for (let next = queue.pop(); next; next = queue.pop())
      await patch(bench, next.session, next.approval, { verdict: 'Approve', for: '1h', by });
  };
  await Promise.all(Array.from({ length: patchesAtOnce }, worker));
  const tookMs = await Promise.all(arrivals);
  return { fanOut1000LastMs: atMost(Math.max(...tookMs), 1500, 'ms', tookMs) };
}

/** Equal denials of all sandboxes beside reads of somebody else: how many objects they make, and what the reads cost. */
async function measureFlood(bench: SessionsBench, { progress, count }: BenchContext): Promise<Figures> {
  const lengthMs = Math.min(floodMs, count(floodMs / 1000) * 1000);
  const before = await readLatencies(bench, lengthMs);
  const requestsBefore = await countRequests(bench);
  const end = new AbortController();
  const flooding = flood(bench, end.signal);
  const during = await readLatencies(bench, lengthMs);
  end.abort();
  const sent = await flooding;
  const after = await readLatencies(bench, lengthMs);
  const created = (await countRequests(bench)) - requestsBefore;
  const keys = bench.sessions.length * floodKeysPerSession;
  progress(`${sent} denials in ${lengthMs / 1000} s about ${keys} keys made ${created} requests`);
  const quiet = quantile([...before, ...after], 0.99);
  const busy = quantile(during, 0.99);
  const ratio = round(busy / quiet);
  return {
    floodObjectsPerKey: { ...atMost(created / keys, 1, 'x', [created / keys]), goal: '= 1', met: created === keys },
    floodApiP99Ratio: { ...atMost(busy, 1.1 * quiet, 'ms', during), peer: round(quiet), ratio, goal: '<= 1.1x' },
  };
}

async function flood({ sessions }: SessionsBench, signal: AbortSignal): Promise<number> {
  let sent = 0;
  const startedMs = now();
  while (!signal.aborted) {
    const due = Math.floor(((now() - startedMs) / 1000) * denialsPerSecond);
    for (; sent < due; sent++) {
      const session = sessions[sent % sessions.length];
      const key = Math.floor(sent / sessions.length) % floodKeysPerSession;
      session?.client.say(denial(3_000_000 + sent, `flood${key}.bench.example.org`));
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  return sent;
}

async function readLatencies({ client }: SessionsBench, lengthMs: number): Promise<number[]> {
  const latencies: number[] = [];
  const untilMs = now() + lengthMs;
  while (now() < untilMs) {
    const startedMs = now();
    await client.get(resources.sandboxes, { namespace: 'bench-0', name: 'box-0' });
    latencies.push(now() - startedMs);
    await new Promise(resolve => setTimeout(resolve, readEveryMs));
  }
  return latencies;
}

async function countRequests({ client }: SessionsBench): Promise<number> {
  return (await client.list(resources.approvalRequests)).length;
}

/** The name of the request, as the sidecar hears it. */
async function ask({ client }: SidecarSession, id: number, host: string): Promise<string> {
  const answer = client.frame(
    (frame): frame is Extract<DownFrame, { type: 'asked' }> => frame.type === 'asked' && frame.id === id,
  );
  client.say(denial(id, host));
  const { approval, reason } = await answer;
  if (approval === undefined) throw new Error(`${host}: ${reason}`);
  return approval;
}

async function effectOf(
  bench: SessionsBench,
  session: SidecarSession,
  approval: string,
  decision: object,
  isGranted: boolean,
): Promise<number> {
  const arrivedAt = arrival(session, approval, isGranted).then(now);
  await patch(bench, session, approval, decision);
  const acceptedMs = now();
  // Both sides hear of a write at about the same time: the effect may be there first.
  return Math.max(0, (await arrivedAt) - acceptedMs);
}

/** From now on; what came before does not count. */
function arrival({ client }: SidecarSession, approval: string, isGranted: boolean): Promise<DownFrame> {
  const seen = client.frames.length;
  return client.frame((frame): frame is DownFrame => {
    if (frame.type !== 'snapshot' || frame.snapshot.grants === undefined) return false;
    if (client.frames.indexOf(frame) < seen) return false;
    return frame.snapshot.grants.items.some(({ id }) => id === approval) === isGranted;
  });
}

async function patch(
  { client }: SessionsBench,
  { pod }: SidecarSession,
  name: string,
  decision: object,
): Promise<void> {
  const at = { namespace: pod.namespace, name };
  const written = await client.mergePatch<ApprovalRequest>(resources.approvalRequests, at, { spec: { decision } });
  if (!written.ok) throw new Error(`${name}: ${written.refusal.message}`);
}

function denial(id: number, host: string) {
  return { type: 'denial', id, host, port: 443, reason: 'NotListed', hits: 1, sample: host } as const;
}

function sessionAt({ sessions }: SessionsBench, index: number): SidecarSession {
  const session = sessions[index % sessions.length];
  if (session === undefined) throw new Error('no session');
  return session;
}
