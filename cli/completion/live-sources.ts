// Where the shell's suggestions come from. Nobody waits long for them, and what goes wrong is no suggestion.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { describeTarget } from '../approvals/describe-target.ts';
import { type Api, connectApi } from '../kube/api.ts';
import { loadKubeConfig } from '../kube/load-kube-config.ts';
import { creelPath } from '../kube/paths.ts';
import { listedKinds } from '../objects/listed-kinds.ts';
import { listPresets } from '../presets/read-preset.ts';
import type { Source, Suggestion } from './complete.ts';

const timeoutMs = 5_000;

export function liveSources(env: NodeJS.ProcessEnv): Readonly<Record<string, Source>> {
  return {
    sandbox: live(async api => {
      const { items } = await api.get<{ items: Sandbox[] }>(creelPath(api.namespace, 'sandboxes'));
      return items.map(({ metadata, status }) => ({ value: metadata.name, description: status?.phase ?? 'Unknown' }));
    }),
    request: live(async api => {
      const { items } = await api.get<{ items: ApprovalRequest[] }>(creelPath(api.namespace, 'approvalrequests'));
      const open = items.filter(({ status }) =>
        ['Pending', 'Snoozed', 'Approved', 'Enforced', 'Denied'].includes(status?.phase ?? 'Pending'),
      );
      return open.map(request => ({
        value: request.metadata.name,
        description: `${request.status?.phase ?? 'Pending'}: ${describeTarget(request)}`,
      }));
    }),
    profile: live(async api => {
      const { items } = await api.get<{ items: InferenceProfile[] }>(creelPath(api.namespace, 'inferenceprofiles'));
      return items.map(({ metadata, spec }) => ({ value: metadata.name, description: spec.model }));
    }),
    model: live(async api => {
      const { items } = await api.get<{ items: InferenceProfile[] }>(creelPath(api.namespace, 'inferenceprofiles'));
      return items.flatMap(({ metadata, spec }) =>
        [spec.model, ...(spec.models ?? [])].map(value => ({ value, description: metadata.name })),
      );
    }),
    namespace: live(async api => {
      const { items } = await api.get<{ items: { metadata: { name: string } }[] }>('/api/v1/namespaces');
      return items.map(({ metadata }) => ({ value: metadata.name }));
    }),
    context: options =>
      within(async () => {
        const config = await loadKubeConfig(
          options['kubeconfig'] === undefined ? {} : { kubeconfig: options['kubeconfig'] },
          env,
        );
        return config.contexts.map(({ name, cluster }) => ({ value: name, description: cluster }));
      }),
    preset: () => Promise.resolve(listPresets().map(value => ({ value }))),
    kind: () => Promise.resolve(listedKinds.map(({ names }) => ({ value: names[0] ?? '' }))),
    duration: () => Promise.resolve(['5m', '1h', '8h'].map(value => ({ value }))),
  };
}

function live(list: (api: Api) => Promise<readonly Suggestion[]>): Source {
  return options => within(async () => list(await connectApi(options)));
}

async function within(list: () => Promise<readonly Suggestion[]>): Promise<readonly Suggestion[]> {
  const late = new Promise<readonly Suggestion[]>(resolve => {
    setTimeout(() => resolve([]), timeoutMs).unref();
  });
  // No cluster, no rights: a shell has nowhere to say so.
  return Promise.race([list().catch(() => []), late]);
}
