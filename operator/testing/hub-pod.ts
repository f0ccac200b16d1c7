// A Sandbox whose pod no kubelet runs: whoever has it plays the sidecar, with a real token of the pod.
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { Secret } from '../../kube/tls/secret.ts';
import type { KubeClient, ObjectName } from '../../kube/types.ts';
import { hubAudience } from '../../protocol/constants.ts';
import { waitUntil } from '../../test/cluster/base/wait-until.ts';
import { resources } from '../resources.ts';

export interface HubPod {
  readonly name: string;
  readonly namespace: string;
  readonly sandboxUid: string;
  mintToken(): Promise<string>;
}

/** Resolves when the operator has recorded the pod. `client` is an administrator's. */
export async function createHubPod(client: KubeClient, at: Required<ObjectName>, spec: object = {}): Promise<HubPod> {
  const object = { metadata: at, spec: { image: 'creel.example/agent:1', workspace: { ephemeral: true }, ...spec } };
  const written = await client.create(resources.sandboxes, object as unknown as Sandbox);
  if (!written.ok) throw new Error(`Sandbox ${at.namespace}/${at.name}: ${written.refusal.message}`);
  const wait = { what: `the pod of ${at.namespace}/${at.name}`, timeoutMs: 120_000, intervalMs: 100 };
  const podUid = await waitUntil(async () => (await client.get(resources.sandboxes, at))?.status?.podUid, wait);
  const name = `csb-${at.name}`;
  return {
    ...at,
    sandboxUid: written.object.metadata.uid,
    async mintToken() {
      const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid: podUid };
      const answer = await client.post<{ status: { token: string } }>(
        resources.serviceAccounts,
        { namespace: at.namespace, name, subresource: 'token' },
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { audiences: [hubAudience], expirationSeconds: 3600, boundObjectRef },
        },
      );
      return answer.status.token;
    },
  };
}

/** What sidecars trust: the hub's authorities, as its Secret has them. */
export async function hubTrust(client: KubeClient, namespace: string): Promise<string> {
  const secret = await client.get<Secret>(resources.secrets, { namespace, name: 'creel-hub-tls' });
  const pems = ['ca.crt', 'next-ca.crt'].map(entry => Buffer.from(secret?.data?.[entry] ?? '', 'base64').toString());
  return pems.map(pem => pem.trim()).join('\n');
}
