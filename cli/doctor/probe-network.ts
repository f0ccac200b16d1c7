// Tries NetworkPolicy: a client, a server that a policy closes, and one that none does. All is removed afterwards.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../kube/api.ts';
import { UserError } from '../user-error.ts';
import type { Deployment, Facts, ProbeResult } from './facts.ts';

type Say = (line: string) => void;
interface Pod {
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly {
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

const port = 8080;
const startMs = 60_000;
/** Policies take a moment to reach the node. */
const settleMs = 5_000;
const server = `require('node:net').createServer(socket => socket.end('creel')).listen(${port}, '0.0.0.0')`;

/** Uses the operator's image, which its nodes have, in the operator's namespace. */
export async function probeNetwork(api: Api, say: Say, signal: AbortSignal): Promise<NonNullable<Facts['probe']>> {
  const made: string[] = [];
  try {
    const value = await tryNetwork(api, made, say, signal);
    return { ok: true, value };
  } catch (error) {
    if (error instanceof UserError) return { ok: false, why: error.message };
    throw error;
  } finally {
    for (const path of made.toReversed()) await remove(api, path, say);
  }
}

async function tryNetwork(api: Api, made: string[], say: Say, signal: AbortSignal): Promise<ProbeResult> {
  const selector = new URLSearchParams({
    labelSelector: 'app.kubernetes.io/name=creel,app.kubernetes.io/component=operator',
  });
  const { items } = await api.get<{ items: Deployment[] }>(`/apis/apps/v1/deployments?${selector.toString()}`);
  const [operator] = items;
  const image = operator?.spec.template.spec.containers[0]?.image;
  const namespace = operator?.metadata.namespace;
  if (image === undefined || namespace === undefined)
    throw new UserError('there is no operator whose image could be used');
  const name = `creel-doctor-${randomBytes(4).toString('hex')}`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const policies = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
  const make = async (collection: string, object: { readonly metadata: { readonly name: string } }) => {
    await api.create(collection, object);
    made.push(`${collection}/${object.metadata.name}`);
  };
  say(`probe: making pods ${name}-* and a NetworkPolicy in ${namespace}`);
  await make(policies, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: { podSelector: { matchLabels: { [label]: `${name}-closed` } }, policyTypes: ['Ingress'], ingress: [] },
  } as { metadata: { name: string } });
  for (const which of ['open', 'closed']) await make(pods, podOf(`${name}-${which}`, namespace, image, server));
  const addresses = [
    await addressOf(api, `${pods}/${name}-open`, signal),
    await addressOf(api, `${pods}/${name}-closed`, signal),
  ];
  await sleep(settleMs, undefined, { signal });
  await make(pods, podOf(`${name}-client`, namespace, image, clientOf(addresses)));
  await reach(api, `${pods}/${name}-client`, ({ phase }) => phase === 'Succeeded' || phase === 'Failed', signal);
  const text = await api.text(`${pods}/${name}-client/log`);
  const match = /\{"open":(true|false),"closed":(true|false)\}/.exec(text);
  if (match === null) throw new UserError(`the probe's client said ${JSON.stringify(text.slice(0, 200))}`);
  return { open: match[1] === 'true', closed: match[2] === 'true' };
}

const label = 'creel.dev/doctor';

function clientOf(addresses: readonly string[]): string {
  return `const net = require('node:net');
const reach = host => new Promise(done => {
  const socket = net.connect({ host, port: ${port}, timeout: 4000 });
  socket.on('data', () => { socket.destroy(); done(true); });
  for (const bad of ['error', 'timeout', 'close']) socket.on(bad, () => { socket.destroy(); done(false); });
});
Promise.all(${JSON.stringify(addresses)}.map(reach)).then(([open, closed]) => console.log(JSON.stringify({ open, closed })));`;
}

function podOf(
  name: string,
  namespace: string,
  image: string,
  script: string,
): { readonly metadata: { readonly name: string } } {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { [label]: name } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      activeDeadlineSeconds: 120,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'probe',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/usr/local/bin/node', '-e', script],
          resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { memory: '128Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  } as { metadata: { name: string } };
}

async function addressOf(api: Api, path: string, signal: AbortSignal): Promise<string> {
  const status = await reach(api, path, ({ phase, podIP }) => phase === 'Running' && podIP !== undefined, signal);
  return status.podIP ?? '';
}

type PodStatus = NonNullable<Pod['status']>;

async function reach(
  api: Api,
  path: string,
  done: (status: PodStatus) => boolean,
  signal: AbortSignal,
): Promise<PodStatus> {
  const endMs = performance.now() + startMs;
  for (;;) {
    const { status = {} } = await api.get<Pod>(path);
    if (done(status)) return status;
    const waiting = status.containerStatuses?.[0]?.state?.waiting;
    if (performance.now() > endMs)
      throw new UserError(
        `pod ${path.slice(path.lastIndexOf('/') + 1)} is ${status.phase ?? 'Unknown'} after ${startMs / 1000} s${waiting === undefined ? '' : ` (${waiting.reason}: ${waiting.message ?? ''})`}`,
      );
    await sleep(500, undefined, { signal });
  }
}

async function remove(api: Api, path: string, say: Say): Promise<void> {
  try {
    await api.delete(path, { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`warning: ${path} could not be removed: ${error.message}`);
  }
}
