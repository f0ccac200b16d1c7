// Sandboxes of a lab with the sidecar's end of their sessions, as the kubelet would start them.
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { trustBundle } from '../../kube/tls/renew-server-keys.ts';
import { hubAudience } from '../../protocol/constants.ts';
import type { DownFrame } from '../../protocol/session.ts';
import type { Pod } from '../core-types.ts';
import { resources } from '../resources.ts';
import { connectToHub, type HubClient } from './hub-client.ts';
import type { OperatorLab } from './operator-lab.ts';

export interface LabSessions {
  /** Resolves when the Sandbox has its pod. */
  startSandbox(name: string, spec?: Partial<Sandbox['spec']>): Promise<{ sandbox: Sandbox; pod: Pod }>;
  /** A token as the kubelet would mint it. */
  mint(account: string, pod: Pod | undefined, audience?: string): Promise<string>;
  join(token: string): Promise<HubClient>;
  /** Resolves with the first snapshot acked. */
  startSession(
    name: string,
    spec?: Partial<Sandbox['spec']>,
    hello?: { readonly countedBy?: string },
  ): Promise<{ client: HubClient; sandbox: Sandbox; pod: Pod }>;
  end(): void;
}

export function labSessions(
  lab: OperatorLab,
  namespace: string,
  until: (look: () => unknown) => { toBeDefined(): Promise<void> },
): LabSessions {
  const open: HubClient[] = [];
  const at = (name: string) => ({ namespace, name });

  async function startSandbox(name: string, spec: Partial<Sandbox['spec']> = {}) {
    const object = { metadata: at(name), spec: { image: 'creel.example/agent:1', ...spec } };
    const written = await lab.client.create(resources.sandboxes, object as unknown as Sandbox);
    if (!written.ok) throw new Error(written.refusal.message);
    await until(() => lab.stores.sandboxes.get(at(name))?.status?.podUid).toBeDefined();
    await until(() => lab.stores.pods.get(at(`csb-${name}`))).toBeDefined();
    const pod = await lab.client.get(resources.pods, at(`csb-${name}`));
    if (pod === undefined) throw new Error('no pod');
    return { sandbox: written.object, pod };
  }

  async function mint(account: string, pod: Pod | undefined, audience = hubAudience) {
    const boundObjectRef = pod && { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid };
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], expirationSeconds: 600, boundObjectRef },
    };
    const path = { namespace, name: account, subresource: 'token' };
    const answer = await lab.client.post<{ status: { token: string } }>(resources.serviceAccounts, path, body);
    return answer.status.token;
  }

  async function join(token: string) {
    const client = await connectToHub(lab.hub.port, trustBundle(lab.keys), token);
    open.push(client);
    return client;
  }

  async function startSession(
    name: string,
    spec: Partial<Sandbox['spec']> = {},
    hello: { readonly countedBy?: string } = {},
  ) {
    const { sandbox, pod } = await startSandbox(name, spec);
    const client = await join(await mint(`csb-${name}`, pod));
    client.say({ type: 'hello', protocol: 1, sidecar: 'lab', ...hello });
    await client.frame(isSnapshot);
    client.ackAll();
    return { client, sandbox, pod };
  }

  return {
    startSandbox,
    mint,
    join,
    startSession,
    end: () => {
      for (const client of open) client.end();
    },
  };
}

export function isSnapshot(frame: DownFrame): frame is Extract<DownFrame, { type: 'snapshot' }> {
  return frame.type === 'snapshot';
}
