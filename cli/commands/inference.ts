import type { Command } from 'commander';
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { creelPath } from '../kube/paths.ts';
import { watchUntil } from '../kube/watch-until.ts';
import { formatTable } from '../output/format-table.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

const effectTimeoutMs = 10_000;

/** `inference set|get|list`: which model a sandbox's calls go to, switched while it runs. */
export function registerInference(program: Command, context: CommandContext): void {
  const inference = program.command('inference').description('Show or switch the model a sandbox talks to');
  inference
    .command('set')
    .description('Switch a running sandbox to another InferenceProfile; its next request uses it, nothing restarts')
    .requiredOption('--sandbox <name>')
    .requiredOption('--profile <name>')
    .option('--model <model>', "one of the profile's models")
    .addHelpText('after', '\nExample:\n  kubectl creel inference set --sandbox my-assistant --profile vllm\n')
    .action(async (options: { sandbox: string; profile: string; model?: string }) => {
      const api = await context.api();
      const path = creelPath(api.namespace, 'sandboxes', options.sandbox);
      const profile = await api.get<InferenceProfile>(creelPath(api.namespace, 'inferenceprofiles', options.profile));
      const model = options.model ?? profile.spec.model;
      if (model !== profile.spec.model && !(profile.spec.models ?? []).includes(model)) {
        throw new UserError(
          `--model ${model} is not offered by profile ${options.profile}; it offers ${[profile.spec.model, ...(profile.spec.models ?? [])].join(', ')}`,
        );
      }
      const started = performance.now();
      const stored = await api.mergePatch<Sandbox>(path, {
        spec: { inference: { profile: options.profile, model: options.model ?? null } },
      });
      const done = await watchUntil(
        api,
        path,
        stored,
        sandbox => isRoutedTo(sandbox, options.profile, model),
        effectTimeoutMs,
      );
      if (!done) {
        throw new UserError(
          `${options.sandbox} is set to ${options.profile}, but its sidecar has not taken the route yet: kubectl -n ${api.namespace} describe csb ${options.sandbox}`,
        );
      }
      context.print(
        `${options.sandbox} now talks to ${model} by profile ${options.profile} (${Math.round(performance.now() - started)} ms)`,
      );
    });
  inference
    .command('get')
    .description('The route of one sandbox')
    .requiredOption('--sandbox <name>')
    .action(async (options: { sandbox: string }) => {
      const api = await context.api();
      const sandbox = await api.get<Sandbox>(creelPath(api.namespace, 'sandboxes', options.sandbox));
      const ready = sandbox.status?.conditions?.find(condition => condition.type === 'InferenceReady');
      context.print(
        formatTable(
          ['SANDBOX', 'PROFILE', 'MODEL', 'REQUESTS', 'READY', 'MESSAGE'],
          [
            [
              options.sandbox,
              sandbox.status?.inference?.profile ?? '',
              sandbox.status?.inference?.model ?? '',
              String(sandbox.status?.inference?.requests ?? 0),
              ready?.status ?? 'Unknown',
              ready?.status === 'True' ? '' : (ready?.message ?? ''),
            ],
          ],
        ),
      );
    });
  inference
    .command('list')
    .description('The profiles of this namespace')
    .action(async () => {
      const api = await context.api();
      const { items } = await api.get<{ items: InferenceProfile[] }>(creelPath(api.namespace, 'inferenceprofiles'));
      const rows = items.map(({ metadata, spec, status }) => [
        metadata.name,
        spec.provider,
        spec.model,
        spec.endpoint ?? (spec.service ? `service ${spec.service.name}:${spec.service.port}` : ''),
        status?.conditions?.find(condition => condition.type === 'Ready')?.status ?? 'Unknown',
      ]);
      context.print(
        rows.length > 0
          ? formatTable(['PROFILE', 'PROVIDER', 'MODEL', 'ENDPOINT', 'READY'], rows)
          : `no InferenceProfile in namespace ${api.namespace}`,
      );
    });
}

/** True once the sidecar enforces a revision that holds the wanted route. */
function isRoutedTo(sandbox: Sandbox, profile: string, model: string): boolean {
  const { status } = sandbox;
  const fresh = status?.observedGeneration === sandbox.metadata.generation;
  return (
    fresh &&
    status?.inference?.profile === profile &&
    status.inference.model === model &&
    status.policy?.revision === status.policy?.enforcedRevision
  );
}
