// Everything that only the leader does: compile snapshots, serve the hub, reconcile. Until the signal aborts.

import { randomBytes } from 'node:crypto';
import { createEventRecorder } from '../kube/event-recorder.ts';
import { keyOf } from '../kube/keys.ts';
import { keepServerKeys } from '../kube/tls/keep-server-keys.ts';
import type { ServerKeys } from '../kube/tls/renew-server-keys.ts';
import type { Clock, KubeClient, KubeObject, Queue, Store } from '../kube/types.ts';
import { wait } from '../kube/wait.ts';
import { hubServerName } from '../protocol/constants.ts';
import type { AuditLog } from './audit/create-audit-log.ts';
import { followPolicies } from './audit/follow-policies.ts';
import type { OperatorConfig } from './config.ts';
import { createApprovalController } from './controllers/approval-request/approval-controller.ts';
import { clusterEgressPolicyReconciler } from './controllers/cluster-egress-policy/cluster-egress-policy-reconciler.ts';
import { egressPolicyReconciler } from './controllers/egress-policy/egress-policy-reconciler.ts';
import { inferenceProfileReconciler } from './controllers/inference-profile/inference-profile-reconciler.ts';
import { ruleCredentialsReconciler } from './controllers/rule-credentials/rule-credentials-reconciler.ts';
import type { PodSettings } from './controllers/sandbox/pod/pod-settings.ts';
import { createSandboxController } from './controllers/sandbox/sandbox-controller.ts';
import type { Counters } from './counters.ts';
import { type RunningHub, startHub } from './hub/start-hub.ts';
import type { Log } from './log.ts';
import { clusterIps, followNeverAddresses } from './never-addresses.ts';
import { runNotifier } from './notify/notifier.ts';
import type { NotifierSettings } from './notify/notifier-settings.ts';
import type { OperatorStores } from './operator-stores.ts';
import { recordedPod, sandboxOf } from './recorded-pods.ts';
import { runController } from './run-controller.ts';
import { CredentialCache } from './snapshots/credential-cache.ts';
import { LiveSnapshots } from './snapshots/live-snapshots.ts';
import { servicesIn } from './snapshots/snapshot-sources.ts';
import { wakePolicies } from './wake-policies.ts';

export interface LeadOptions {
  readonly config: OperatorConfig;
  readonly stores: OperatorStores;
  readonly client: KubeClient;
  readonly epoch: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly audit: AuditLog;
  readonly counters: Counters;
  /** The hub listens and every controller runs. */
  readonly onLeading: (hub: RunningHub) => void;
}

const maxPolicyAgeMs = 24 * 3_600_000;
const keyCheckMs = 3_600_000;
const resolverService = { namespace: 'kube-system', name: 'kube-dns' };

/** Resolves when, after the abort, nothing of it runs any more. */
export async function lead(options: LeadOptions, signal: AbortSignal): Promise<void> {
  const { config, stores, client, epoch, clock, random, log, audit, counters } = options;
  const hubService = { namespace: config.namespace, name: config.hubService };
  const names = { hubService, resolverService, resolverAddresses: config.resolverAddresses };
  const warn = (message: string) => log.warn({}, message);

  // Policies, approvals and profiles become one numbered snapshot a sandbox.
  const never = followNeverAddresses({ ...stores, ...names }, signal);
  const credentials = new CredentialCache();
  const sources = { ...stores, credentials, neverAddresses: never.get, onNeverAddresses: never.subscribe };
  const resolvers = () => resolversOf(stores, config);
  const nowMs = () => clock.nowMs();
  const hashKey = randomBytes(32);
  const upstreamProxy = config.upstreamProxy?.proxy;
  const compiling = { sources, epoch, resolvers, maxPolicyAgeMs, nowMs, hashKey };
  const snapshots = new LiveSnapshots(
    { ...compiling, ...(upstreamProxy === undefined ? {} : { upstreamProxy }) },
    signal,
  );

  // The hub hands them to the sidecars and turns their denials into requests.
  const secret = { namespace: config.namespace, name: config.hubSecret };
  const events = createEventRecorder({
    client,
    clock,
    signal,
    component: 'creel-operator',
    fallbackNamespace: config.namespace,
    onFailure: warn,
  });
  let keys = await keepServerKeys(client, secret, nowMs(), hubServerName);
  const running = await startHub(
    {
      client,
      requests: stores.approvalRequests,
      registry: snapshots,
      events,
      clock,
      recordedPod: podUid => recordedPod(stores, podUid),
      keys,
      listen: { host: config.listenHost, port: config.hubPort, forbiddenPort: config.forbiddenPort },
      onRefused: (reason, address) => {
        counters.hubRefused(reason);
        log.warn({ reason, address }, 'hub session refused');
      },
      onFailure: warn,
    },
    signal,
  );
  const { hub } = running;
  stores.pods.subscribe(({ type, object }) => {
    const sandbox = sandboxOf(object, stores.sandboxes);
    const pod = type === 'Deleted' ? undefined : recordedPod(stores, object.metadata.uid ?? '');
    if (sandbox && (pod !== undefined || type === 'Deleted')) hub.recheck(sandbox.metadata.uid, pod);
  }, signal);

  // Controllers bring the cluster to what the objects say, and say in their status how far it is.
  const context = { clock, random, log, counters };
  const services = servicesIn(stores);
  const settings = () => podSettings(stores, config, keys);
  const shared = { client, clock, events, hub, registry: snapshots };
  const sandboxes = createSandboxController({
    ...shared,
    ...names,
    proxyBlocks: config.upstreamProxy?.blocks ?? [],
    settings,
    stores: { ...stores, requests: stores.approvalRequests },
  });
  const approvals = createApprovalController({ ...shared, ...stores, audit, requests: stores.approvalRequests });
  const policyAudit = followPolicies(stores, audit, signal);
  const views = { client, audit: policyAudit, clock, services, hub, snapshots, sandboxes: stores.sandboxes };
  const policies = egressPolicyReconciler({ ...views, credentials, policies: stores.egressPolicies });
  const clusterPolicies = clusterEgressPolicyReconciler({ ...views, policies: stores.clusterEgressPolicies });
  const profiles = inferenceProfileReconciler({
    client,
    clock,
    services,
    credentials,
    profiles: stores.inferenceProfiles,
    operatorNamespace: config.namespace,
  });
  const ruleCredentials = ruleCredentialsReconciler({
    client,
    clock,
    services,
    credentials,
    registry: snapshots,
    policies: stores.egressPolicies,
    operatorNamespace: config.namespace,
  });
  const waking = { sandboxes: stores.sandboxes, snapshots, hub };
  const controllers = [
    runController(
      sandboxes,
      (queue, until) => {
        sandboxes.watch(queue, until);
        addAll(stores.sandboxes, queue);
      },
      context,
      signal,
    ),
    runController(
      approvals,
      (queue, until) => {
        approvals.watch(queue, until);
        addAll(stores.approvalRequests, queue);
      },
      context,
      signal,
    ),
    runController(
      policies,
      (queue, until) => {
        wakePolicies(stores.egressPolicies, tenantPolicyKey, waking, queue, until);
        credentials.subscribe(namespace => addAll(stores.egressPolicies, queue, namespace), until);
      },
      context,
      signal,
    ),
    runController(
      clusterPolicies,
      (queue, until) => {
        wakePolicies(stores.clusterEgressPolicies, clusterPolicyKey, waking, queue, until);
        credentials.subscribe(() => addAll(stores.clusterEgressPolicies, queue), until);
      },
      context,
      signal,
    ),
    runController(ruleCredentials, (queue, until) => ruleCredentials.watch(queue, until), context, signal),
    runController(
      profiles,
      (queue, until) => {
        const wakeAll = () => addAll(stores.inferenceProfiles, queue);
        stores.inferenceProfiles.subscribe(({ object }) => queue.add(keyOf(object)), until);
        stores.services.subscribe(wakeAll, until);
        wakeAll();
      },
      context,
      signal,
    ),
  ];
  // Chat informs; nothing waits for it.
  const notifying = config.notifier && startNotifier(config.notifier, options, signal);
  options.onLeading(running);
  log.info({ epoch, hubPort: running.port, sandboxes: stores.sandboxes.list().length }, 'leading');

  // Its certificate is renewed while it runs; new pods trust the next authority from their first second.
  while (!signal.aborted) {
    await wait(keyCheckMs, clock, signal);
    if (signal.aborted) break;
    keys = await keepServerKeys(client, secret, nowMs(), hubServerName).catch((error: unknown) => {
      warn(`hub certificate not checked: ${String(error)}`);
      return keys;
    });
    running.setKeys(keys);
  }
  // Hits that are still being gathered are written while this operator may write.
  await running.desk.flush().catch((error: unknown) => warn(`hits of open requests not written: ${String(error)}`));
  await Promise.all([...controllers.map(({ idle }) => idle()), notifying]);
}

function startNotifier(
  settings: NotifierSettings,
  { stores, clock, random, counters, log }: LeadOptions,
  signal: AbortSignal,
): Promise<void> {
  const warn = (message: string) => log.warn({}, message);
  return runNotifier({ settings, ...stores, requests: stores.approvalRequests, clock, random, counters, warn }, signal);
}

const clusterPrefix = 'cluster/';

function tenantPolicyKey(matched: string): string | undefined {
  return matched.startsWith(clusterPrefix) ? undefined : matched;
}

function clusterPolicyKey(matched: string): string | undefined {
  return matched.startsWith(clusterPrefix) ? matched.slice(clusterPrefix.length) : undefined;
}

function addAll(store: Store<KubeObject>, queue: Queue, namespace?: string): void {
  for (const object of store.list(namespace)) queue.add(keyOf(object));
}

function podSettings(
  { services }: OperatorStores,
  { namespace, hubService, sidecarImage, extraCa }: OperatorConfig,
  { caCert, nextCaCert }: ServerKeys,
): PodSettings | { readonly missing: string } {
  const service = services.get({ namespace, name: hubService });
  const [address] = clusterIps(service);
  const port = service?.spec?.ports?.[0]?.port;
  if (address === undefined || port === undefined)
    return {
      missing: `Service ${namespace}/${hubService} has no cluster address; the chart makes it: helm upgrade --install creel`,
    };
  return {
    sidecarImage,
    hubAddress: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    hubTrust: [caCert, nextCaCert]
      .map(pem => pem.trim())
      .join('\n')
      .concat('\n'),
    ...(extraCa === undefined ? {} : { extraTrust: extraCa }),
  };
}

function resolversOf({ services }: OperatorStores, { resolverAddresses }: OperatorConfig): readonly string[] {
  const addresses = resolverAddresses.length > 0 ? resolverAddresses : clusterIps(services.get(resolverService));
  return addresses.map(address => (address.includes(':') ? `[${address}]:53` : `${address}:53`));
}
