import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Api } from '../kube/api.ts';
import { creelPath } from '../kube/paths.ts';
import { formatDocuments } from '../output/format-documents.ts';
import { qualifiedName } from '../output/print-objects.ts';
import { parseCount, parseDurationMs } from '../parse-options.ts';
import { readPreset } from '../presets/read-preset.ts';
import { buildSandbox, type NewObject, type SandboxOptions } from '../sandboxes/build-sandbox.ts';
import { waitForSandbox } from '../sandboxes/wait-for-sandbox.ts';
import { UserError } from '../user-error.ts';
import type { CommandContext } from './command-context.ts';

interface Options extends Omit<SandboxOptions, 'command'> {
  readonly preset?: readonly string[];
  readonly dryRun?: 'client' | 'server';
  readonly output?: 'yaml' | 'json' | 'name';
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

const examples = `
Examples:
  kubectl creel sandbox create my-assistant --image creel.local/openclaw:dev
  kubectl creel sandbox create builder --image ghcr.io/acme/agent:1 \\
    --preset npm --preset git-read --profile vllm -- node /app/agent.mjs
  kubectl creel sandbox create trainer --image ghcr.io/acme/cuda:1 --gpu 1
  kubectl creel sandbox create my-assistant --image creel.local/openclaw:dev \\
    --dry-run=client -o yaml > sandbox.yaml
`;

/** `sandbox create NAME --image …`: the Sandbox, the presets' policies, and a wait until it runs. */
export function registerSandboxCreate(sandbox: Command, context: CommandContext): void {
  sandbox
    .command('create')
    .argument('<name>', 'of the new Sandbox')
    .argument('[command...]', 'after --: what the agent runs; without, it is held open for connect')
    .description('Make a sandbox and wait until it runs')
    .requiredOption('--image <image>', "the agent's container image")
    .option('--profile <profile>', "model profile; default: the namespace's")
    .option('--model <model>', "one of the profile's models")
    .option('--preset <preset>', 'egress preset for this sandbox alone; may be repeated', collect)
    .addOption(new Option('--gpu <count>', 'GPUs; a person approves them before there is a pod').argParser(parseCount))
    .option('--gpu-resource <resource>', 'default nvidia.com/gpu')
    .addOption(
      new Option('--on-unlisted <what>', 'a host that no policy lists is asked about, or refused').choices([
        'Ask',
        'Deny',
      ]),
    )
    .option('--env <name=value>', 'literal variable, no secret; may be repeated', collectPair)
    .option('--label <key=value>', 'policies select by it; may be repeated', collectPair)
    .option('--size <quantity>', 'of /sandbox; default 2Gi')
    .option('--ephemeral', '/sandbox ends with the pod')
    .option('--keep-workspace', '/sandbox outlives the Sandbox')
    .option('--suspended', 'do not start it yet')
    .addOption(
      new Option('--dry-run <where>', 'only show (client), or let the API server check (server)').choices([
        'client',
        'server',
      ]),
    )
    .addOption(new Option('-o, --output <format>', 'print the objects').choices(['yaml', 'json', 'name']))
    .option('--no-wait', 'return once it is stored')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait until it runs (5m)')
        .argParser(parseDurationMs)
        .default(300_000, '5m'),
    )
    .addHelpText('after', examples)
    .action((name: string, command: string[], options: Options) => create(context, name, command, options));
}

async function create(
  context: CommandContext,
  name: string,
  command: readonly string[],
  options: Options,
): Promise<void> {
  if (options.model !== undefined && options.profile === undefined)
    throw new UserError('--model is one of a profile: give --profile too', { exitCode: exitCodes.usage });
  // A client's dry run needs no cluster.
  const given = context.namespaceOption();
  const namespace = options.dryRun === 'client' && given !== undefined ? given : (await context.api()).namespace;
  const sandbox = buildSandbox(namespace, name, { ...options, command });
  const policies = (options.preset ?? []).map(preset => readPreset(preset, namespace, name));
  const objects = [sandbox, ...policies];
  if (options.dryRun === 'client') return show(context, objects, options.output ?? 'yaml');
  const api = await context.api();
  // All or none: what is refused is refused before the first is stored.
  const checked = await Promise.all(objects.map(object => post<NewObject>(api, object, { dryRun: true })));
  if (options.dryRun === 'server') return show(context, checked, options.output ?? 'name', ' (server dry run)');
  const stored = await post<Sandbox>(api, sandbox);
  const { uid } = stored.metadata;
  const ownerReferences = [{ apiVersion: sandbox.apiVersion, kind: sandbox.kind, name, uid }];
  for (const policy of policies) await post(api, { ...policy, metadata: { ...policy.metadata, ownerReferences } });
  if (options.output === undefined) for (const object of objects) context.print(`${qualifiedName(object)} created`);
  else show(context, [stored], options.output);
  if (!options.wait || options.suspended) return;
  await waitForSandbox(api, stored, 'Ready', options.timeout, context.printError);
  context.printError(`try: kubectl creel -n ${namespace} connect ${name}`);
}

function post<T>(api: Api, object: NewObject, { dryRun = false } = {}): Promise<T> {
  const plural = object.kind === 'Sandbox' ? 'sandboxes' : 'egresspolicies';
  return api.create<T>(`${creelPath(object.metadata.namespace, plural)}${dryRun ? '?dryRun=All' : ''}`, object);
}

function show(
  context: CommandContext,
  objects: readonly NewObject[],
  format: 'yaml' | 'json' | 'name',
  note = '',
): void {
  if (format === 'name') for (const object of objects) context.print(`${qualifiedName(object)}${note}`);
  else context.print(formatDocuments(objects, format));
}

function collect(value: string, so: readonly string[] = []): readonly string[] {
  return [...so, value];
}

function collectPair(text: string, so: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Write it like NAME=VALUE.');
  return { ...so, [key]: value };
}
