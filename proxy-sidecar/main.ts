// The sidecar: captures what the agent sends, decides, forwards. It has no capability and holds no key of the sandbox's CA.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { decideRequest } from '../engine/decide/decide-request.ts';
import { inferenceHost, paths, ports, syntheticRange } from '../protocol/constants.ts';
import type { Attestation } from '../protocol/guard.ts';
import type { DownFrame } from '../protocol/session.ts';
import { createAuditLog } from './audit/audit-log.ts';
import type { ConnectionContext } from './connection/connection-context.ts';
import { handleConnection } from './connection/handle-connection.ts';
import { HoldSlots } from './connection/hold-slots.ts';
import { createAnswerMemory } from './dns/answer-memory.ts';
import { createNameBudget } from './dns/name-budget.ts';
import { resolveName } from './dns/resolve-name.ts';
import { startDnsServer } from './dns/start-dns-server.ts';
import { createSyntheticNames } from './dns/synthetic-names.ts';
import { defaultHttpLimits } from './http/http-limits.ts';
import { createGuardClient } from './identify/guard-client.ts';
import { ByteBudget } from './inference/byte-budget.ts';
import { serveInference } from './inference/serve-inference.ts';
import { UpstreamPool } from './inference/upstream-pool.ts';
import { inferencePorts } from './inference-ports.ts';
import { startHealthListener } from './listen/start-health-listener.ts';
import { startTransparentListener } from './listen/start-transparent-listener.ts';
import { watchCrowds } from './listen/watch-crowds.ts';
import { collectGarbage } from './native/collect-garbage.ts';
import { loadAddon } from './native/load-addon.ts';
import { createGrantUses, type GrantUses } from './policy/grant-uses.ts';
import { openKeptFiles } from './policy/kept-files.ts';
import { PolicyState } from './policy/policy-state.ts';
import { openUseLedger } from './policy/use-ledger.ts';
import { createDenialReports } from './session/denial-reports.ts';
import { type HubSession, startHubSession } from './session/hub-session.ts';
import { createUsageReports } from './session/usage-reports.ts';
import { createUseReports } from './session/use-reports.ts';
import { watchCanaries } from './session/watch-canaries.ts';
import { createLeafContexts } from './tls/terminate-tls.ts';
import { tokenBucket } from './token-bucket.ts';
import { createDialler } from './upstream/create-dialler.ts';
import { ReadBuffers } from './upstream/read-buffers.ts';
import { createUpstreamTrust } from './upstream/upstream-trust.ts';

const version = '0.1.0';
const guardFd = 3;
const bufferedBodiesBytes = 64 * 1024 * 1024;
/** Bodies and WebSocket messages that wait for a rule to read them, together. */
const inspectedBytes = 16 * 1024 * 1024;
const refusalsPerSecond = 20;
/** Connections and requests that wait for a person, together. */
const maxHeld = 64;
const confirmEveryMs = 60_000;
const calmMs = 500;

const privateDir = process.env['CREEL_PRIVATE_DIR'] ?? paths.private;
const podInfoDir = process.env['CREEL_PODINFO_DIR'] ?? paths.podInfo;
const rootsFile = process.env['CREEL_ROOTS_FILE'] ?? '/etc/ssl/certs/ca-certificates.crt';
const addonFile = process.env['CREEL_ADDON'] ?? join(import.meta.dirname, 'original-destination.node');

const stopping = new AbortController();
const { signal } = stopping;
const nowMs = () => Date.now();
const log = (msg: string) =>
  void process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), component: 'sidecar', msg })}\n`);
process.once('SIGTERM', () => stopping.abort());
process.once('SIGINT', () => stopping.abort());
// Taken, so that it does not start node's inspector.
process.on('SIGUSR1', () => undefined);

let fence: Pick<Attestation, 'fence' | 'message'> = { fence: 'Broken', message: 'the guard has not spoken yet' };
const firstWord = Promise.withResolvers<void>();
const guard = createGuardClient(
  new Socket({ fd: guardFd, readable: true, writable: true }),
  ({ state, message }) => {
    fence = { fence: state, message };
    firstWord.resolve();
    hub?.send({ type: 'health', fence: state, message });
  },
  // Without its guard there is nobody to watch the fence: the end of the socket is the word to stop.
  () => stopping.abort(),
);

const kept = openKeptFiles(join(privateDir, 'proxy'), log);
const sandbox = readPodInfo('sandbox');
const names = createSyntheticNames(syntheticRange, sandbox, kept.loadNames(), kept.addName);
const audit = createAuditLog(process.stdout, nowMs);
const answers = createAnswerMemory({
  ask: (name, resolvers) => resolveName(name, resolvers, signal),
  nowMs: () => performance.now(),
});
const ledger = openUseLedger(join(privateDir, 'proxy'), () => randomBytes(16).toString('hex'));
const useReports = createUseReports(
  frame => hub?.send(frame) ?? false,
  () =>
    (policy.inForce?.grants.items ?? []).flatMap(grant =>
      grant.uses === undefined ? [] : [{ approval: grant.id, used: ledger.used(grant.id) }],
    ),
  signal,
);
const uses: GrantUses = createGrantUses(
  ledger,
  grant => useReports.spent(grant.id, uses.isUsedUp(grant)),
  error => log(`a use of a grant cannot be written down, so it is refused: ${String(error)}`),
);
const before = kept.loadSnapshot();
const policy: PolicyState = new PolicyState({
  nowMs,
  log,
  signal,
  isUsedUp: uses.isUsedUp,
  onApplied: inForce => {
    answers.clear();
    // Kept already: writing thousands of rules again would only make the start longer.
    if (inForce.revision !== before?.snapshot.revision) kept.saveSnapshot(inForce, policy.heardMs);
  },
});
const dial = createDialler(policy, answers);
const trust = createUpstreamTrust([rootsFile, join(podInfoDir, 'extra-ca.pem')]);
const pool = new UpstreamPool(inferencePorts(policy, dial, trust, answers));
const budget = new ByteBudget(bufferedBodiesBytes);
const inspectedBudget = new ByteBudget(inspectedBytes);
const leaves = createLeafContexts(guard.leaf, nowMs);
let hub: HubSession | undefined;
/** Ends with the session it was made for; aborted from the start while there is none. */
let session = endedSession();
/** The session's last snapshot is in force. */
let isConfirmed = false;
const denials = createDenialReports(nowMs, sendDenials, signal);
const usages = createUsageReports(
  frame => hub?.send(frame) ?? false,
  () => audit.dropped + denials.dropped,
  signal,
);

// What was in force before a restart holds until the hub is back: nothing is wider for a moment.
if (before !== undefined) policy.apply(before.snapshot, before.heardMs);

const context: ConnectionContext = {
  policy,
  names,
  guard,
  denials,
  uses,
  holds: new HoldSlots(maxHeld),
  leaves,
  audit,
  nowMs,
  signal,
  attestation: attest,
  decideRequest,
  inspectedBudget,
  answers,
  dial,
  readBuffers: new ReadBuffers(),
  trust,
  admitRefusal: tokenBucket(refusalsPerSecond, nowMs),
  serveInference: (plain, ended) =>
    serveInference(plain, {
      currentRoute: () => policy.route,
      pool,
      budget,
      limits: defaultHttpLimits,
      signal: ended,
      record: ({ method, path, profile, model, status, problem, usage, durationMs }) => {
        audit.record({
          decision: problem === undefined ? 'Allow' : 'Deny',
          reason: problem ?? 'Route',
          host: inferenceHost,
          port: 443,
          protocol: 'Inference',
          rule: `${profile}/${model}`,
          method,
          path,
          status,
          durationMs: Math.round(durationMs),
        });
        if (problem === undefined) usages.add(profile, usage.tokens);
      },
    }),
};

signal.addEventListener('abort', () => {
  pool.clear();
  setTimeout(() => process.exit(0), 50).unref();
});

// Started while the guard still proves the fence: until it has, nothing is sent and nobody is served.
await firstWord.promise;
hub = startHubSession({
  sidecar: version,
  address: hubAddress,
  token: guard.token,
  revision: () => policy.inForce?.revision,
  countedBy: ledger.name,
  onFrame: takeFrame,
  onOpen: () => {
    session = new AbortController();
    isConfirmed = false;
    hub?.send({ type: 'health', fence: fence.fence, message: fence.message });
    usages.resend();
    useReports.resend();
    denials.resend();
    sendDenials();
  },
  onEnd: () => session.abort(),
  log,
  signal,
});
await startDnsServer(
  ports.dns,
  {
    names,
    knowsName: name => policy.decider?.knowsName(name) ?? false,
    isWild: name => policy.decider?.isWild(name) ?? false,
    admitNew: createNameBudget(nowMs, host =>
      audit.record({ decision: 'Deny', reason: 'NameBudget', host, port: ports.dns }),
    ),
  },
  log,
  signal,
);
await startHealthListener(ports.health, () => attest().ready, signal);
await startTransparentListener({
  port: ports.transparent,
  originalDestination: loadAddon(addonFile),
  onConnection: captured => void handleConnection(captured, context),
  crowds: watchCrowds(collectGarbage, run => void setTimeout(run, calmMs).unref()),
  signal,
});
// Each connection that an agent resets makes an Error, whose stack nobody reads and costs as much as all decisions of it. What ends
// the process still says the line that threw.
Error.stackTraceLimit = 0;
log(`sidecar ${version} listens for ${sandbox}`);
setInterval(confirmPolicy, confirmEveryMs).unref();

function takeFrame(frame: DownFrame): void {
  switch (frame.type) {
    case 'welcome': {
      const { canaryAddress: address, controlPort, forbiddenPort } = frame;
      return void watchCanaries(
        { address, controlPort, forbiddenPort },
        verdict => hub?.send({ type: 'networkPolicy', ...verdict }),
        AbortSignal.any([signal, session.signal]),
      );
    }
    case 'snapshot': {
      const routeBefore = policy.inForce?.route.hash;
      const { revision } = frame.snapshot;
      denials.forgetAnswers();
      // Hits counted so far belong to what was asked until now: told after a later revocation they would ask anew.
      sendDenials();
      const applied = policy.apply(frame.snapshot);
      isConfirmed = applied.ok;
      if (!applied.ok) return void hub?.send({ type: 'nack', revision, reason: applied.reason });
      const { policy: rules, grants, route } = policy.inForce ?? frame.snapshot;
      const hashes = { policy: rules?.hash ?? '', grants: grants?.hash ?? '', route: route?.hash ?? '' };
      hub?.send({ type: 'ack', revision, hashes, closed: applied.closed });
      if (hashes.route !== routeBefore) pool.clear();
      return;
    }
    case 'asked': {
      const { type: _type, id, ...asked } = frame;
      return denials.answered(id, asked);
    }
    case 'decided':
      return denials.decided(frame.approval, frame.standing);
    case 'close':
      return;
  }
}

/** As long as the session stands and its last snapshot is in force, silence means that nothing has changed. */
function confirmPolicy(): void {
  if (!isConfirmed || hub?.isOpen !== true || policy.inForce === undefined) return;
  policy.heardFromHub();
  kept.saveSnapshot(policy.inForce, policy.heardMs);
}

function sendDenials(): void {
  if (hub?.isOpen !== true) return;
  for (const frame of denials.take()) if (!hub.send(frame)) denials.putBack(frame);
}

function endedSession(): AbortController {
  const ended = new AbortController();
  ended.abort();
  return ended;
}

function attest(): Attestation {
  const hasPolicy = policy.decider !== undefined;
  const isFenced = fence.fence !== 'Broken';
  const missing =
    policy.inForce === undefined
      ? 'no policy yet: the operator has not answered'
      : 'the policy is older than it may be: the operator has not answered for too long';
  const message = isFenced ? (hasPolicy ? '' : missing) : fence.message;
  return {
    creel: 'attestation',
    fence: fence.fence,
    ready: hasPolicy && isFenced,
    revision: policy.revisionText,
    message,
  };
}

function hubAddress(): { host: string; port: number; ca: string } {
  const text = readPodInfo('hub-address');
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port)) throw new Error(`hub-address is ${JSON.stringify(text)}, not address:port`);
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port, ca: readPodInfo('hub-ca.pem') };
}

function readPodInfo(file: string): string {
  return readFileSync(join(podInfoDir, file), 'utf8').trim();
}
