import type { Command } from 'commander';
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { exitCodes } from '../exit-codes.ts';
import { ownerWarnings } from '../gitops/field-owners.ts';
import { creelPath } from '../kube/paths.ts';
import { watchUntil } from '../kube/watch-until.ts';
import { conditionOf } from '../objects/condition-of.ts';
import { profileColumns } from '../objects/profile-columns.ts';
import { type Column, type ObjectFormat, outputOption, printObject, printObjects } from '../output/print-objects.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

const effectTimeoutMs = 10_000;

interface SetOptions {
  readonly sandbox: string;
  readonly profile: string;
  readonly model?: string;
}

/** `inference set|get|list`: which model a sandbox's calls go to, switched while it runs. */
export function registerInference(program: Command, context: CommandContext): void {
  const inference = program.command('inference').description('Show or switch the model a sandbox talks to');
  inference
    .command('set')
    .description('Switch a running sandbox to another InferenceProfile; its next request uses it, nothing restarts')
    .requiredOption('--sandbox <sandbox>', 'which sandbox')
    .requiredOption('--profile <profile>', 'an InferenceProfile of the namespace')
    .option('--model <model>', "one of the profile's models; default: its own")
    .addHelpText('after', '\nExample:\n  kubectl creel inference set --sandbox my-assistant --profile vllm\n')
    .action((options: SetOptions) => setRoute(context, options));
  inference
    .command('get')
    .description('The route of one sandbox, or of all')
    .option('--sandbox <sandbox>', 'only this one')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  kubectl creel inference get --sandbox my-assistant\n')
    .action(async ({ sandbox, output }: { sandbox?: string; output?: ObjectFormat }) => {
      const api = await context.api();
      const listing = { columns: routeColumns, nothing: `no Sandbox in namespace ${api.namespace}` };
      if (sandbox !== undefined)
        return printObject(
          context,
          await api.get<Sandbox>(creelPath(api.namespace, 'sandboxes', sandbox)),
          output,
          listing,
        );
      const { items } = await api.get<{ items: Sandbox[] }>(creelPath(api.namespace, 'sandboxes'));
      printObjects(context, items, output, listing);
    });
  inference
    .command('list')
    .description('The profiles of this namespace, or of all')
    .option('-A, --all-namespaces', 'of every namespace')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  kubectl creel inference list -o wide\n')
    .action(async ({ allNamespaces = false, output }: { allNamespaces?: boolean; output?: ObjectFormat }) => {
      const api = await context.api();
      const path = creelPath(allNamespaces ? undefined : api.namespace, 'inferenceprofiles');
      const { items } = await api.get<{ items: InferenceProfile[] }>(path);
      printObjects(context, items, output, {
        columns: profileColumns,
        withNamespace: allNamespaces,
        nothing: `no InferenceProfile${allNamespaces ? '' : ` in namespace ${api.namespace}`}; three are ready: kubectl apply -k policies/profiles`,
      });
    });
}

const routeColumns: readonly Column<Sandbox>[] = [
  { title: 'SANDBOX', cell: ({ metadata }) => metadata.name },
  { title: 'PROFILE', cell: ({ status }) => status?.inference?.profile ?? '' },
  { title: 'MODEL', cell: ({ status }) => status?.inference?.model ?? '' },
  { title: 'REQUESTS', cell: ({ status }) => String(status?.inference?.requests ?? 0) },
  { title: 'READY', cell: sandbox => conditionOf(sandbox, 'InferenceReady')?.status ?? 'Unknown' },
  { title: 'TOKENS', cell: ({ status }) => String(status?.inference?.tokens ?? 0), isWide: true },
  { title: 'MESSAGE', cell: whyNotReady },
];

function whyNotReady(sandbox: Sandbox): string {
  const ready = conditionOf(sandbox, 'InferenceReady');
  return ready?.status === 'True' ? '' : (ready?.message ?? '');
}

async function setRoute(
  context: CommandContext,
  { sandbox: name, profile: profileName, model: asked }: SetOptions,
): Promise<void> {
  const api = await context.api();
  const path = creelPath(api.namespace, 'sandboxes', name);
  const profile = await api.get<InferenceProfile>(creelPath(api.namespace, 'inferenceprofiles', profileName));
  const offered = [profile.spec.model, ...(profile.spec.models ?? [])];
  const model = asked ?? profile.spec.model;
  if (!offered.includes(model))
    throw new UserError(`--model ${model} is not offered by profile ${profileName}; it offers ${offered.join(', ')}`);
  const before = await api.get<Sandbox>(path);
  const fields = [
    ['spec', 'inference', 'profile'],
    ['spec', 'inference', 'model'],
  ];
  for (const warning of ownerWarnings(before.metadata, fields)) context.printError(`warning: ${warning}`);
  const startedMs = performance.now();
  const stored = await api.mergePatch<Sandbox>(path, {
    metadata: { uid: before.metadata.uid },
    spec: { inference: { profile: profileName, model: asked ?? null } },
  });
  if (stored.status?.pod === undefined) {
    context.print(
      `${name} will talk to ${model} by profile ${profileName} once it runs (it is ${stored.status?.phase ?? 'not yet seen by the operator'})`,
    );
    return;
  }
  const done = await watchUntil(api, path, stored, sandbox => isRoutedTo(sandbox, profileName, model), effectTimeoutMs);
  if (!done)
    throw new UserError(
      `${name} is set to ${profileName}, but its sidecar has not taken the route after ${effectTimeoutMs / 1000} s`,
      { exitCode: exitCodes.timeout, try: [`kubectl creel -n ${api.namespace} describe ${name}`] },
    );
  context.print(
    `${name} now talks to ${model} by profile ${profileName} (${Math.round(performance.now() - startedMs)} ms)`,
  );
}

/** True once the sidecar enforces a revision that holds the wanted route. */
function isRoutedTo({ metadata, status }: Sandbox, profile: string, model: string): boolean {
  return (
    status?.observedGeneration === metadata.generation &&
    status.inference?.profile === profile &&
    status.inference.model === model &&
    status.policy?.revision === status.policy?.enforcedRevision
  );
}
