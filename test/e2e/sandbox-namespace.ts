// A namespace for sandboxes and what tests do in it: by kubectl, as a user would; commands inside by the launcher.
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { paths } from '../../protocol/constants.ts';
import { CommandError } from '../cluster/base/run-command.ts';
import { waitUntil } from '../cluster/base/wait-until.ts';
import type { EmbeddedCluster } from '../cluster/embedded/embedded-cluster.ts';

const agentImage = 'creel.local/agent-tools:dev';

/** A program that ended, whatever its exit code. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class SandboxNamespace {
  readonly name: string;
  readonly #cluster: EmbeddedCluster;

  constructor(cluster: EmbeddedCluster, name: string) {
    this.#cluster = cluster;
    this.name = name;
  }

  async create(): Promise<void> {
    const labels = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
    await this.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.name, labels } });
    await this.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'creel-credentials', namespace: this.name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'creel-credentials' },
      subjects: [{ kind: 'ServiceAccount', name: 'creel-operator', namespace: 'creel-system' }],
    });
  }

  async delete(): Promise<void> {
    await this.#cluster.kubectl(['delete', 'namespace', this.name, '--ignore-not-found', '--wait=false']);
  }

  kubectl(args: readonly string[], stdin?: string): Promise<string> {
    return this.#cluster.kubectl(['--namespace', this.name, ...args], stdin === undefined ? {} : { stdin });
  }

  /** As another user: kubectl's own refusal comes back as a CommandError. */
  async kubectlAs(user: string, groups: readonly string[], args: readonly string[]): Promise<string> {
    const kubeconfigPath = await this.#cluster.clientFor(user, groups);
    return await this.#cluster.kubectl(['--namespace', this.name, ...args], { kubeconfigPath });
  }

  async apply(object: object): Promise<void> {
    await this.#cluster.kubectl(['apply', '--filename=-'], { stdin: JSON.stringify(object) });
  }

  async applySandbox(name: string, spec: Partial<Sandbox['spec']> = {}): Promise<void> {
    await this.apply({
      apiVersion: 'creel.dev/v1alpha1',
      kind: 'Sandbox',
      metadata: { name, namespace: this.name },
      spec: { image: agentImage, workspace: { size: '64Mi' }, ...spec },
    });
  }

  /** A policy of that name with one host for every sandbox here. */
  async allowHost(name: string, host: string): Promise<void> {
    const rule = { name, to: [{ host, ports: [443] }], protocol: 'TLS' };
    await this.apply({
      apiVersion: 'creel.dev/v1alpha1',
      kind: 'EgressPolicy',
      metadata: { name, namespace: this.name },
      spec: { sandboxSelector: { matchLabels: {} }, allow: [rule] },
    });
  }

  /** A model's key, as its owner stores it: with the hosts it may be sent to, unless none are given. */
  async applyKey(name: string, key: string, allowedHosts?: string): Promise<void> {
    const annotations = allowedHosts === undefined ? {} : { 'creel.dev/allowed-hosts': allowedHosts };
    await this.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: this.name, annotations },
      stringData: { key },
    });
  }

  /** A profile of that name with the model server outside, and the key of the Secret. */
  async applyProfile(name: string, model: string, secret: string): Promise<void> {
    await this.apply({
      apiVersion: 'creel.dev/v1alpha1',
      kind: 'InferenceProfile',
      metadata: { name, namespace: this.name },
      spec: {
        provider: 'OpenAI',
        endpoint: 'https://model.test/v1',
        model,
        credential: { secretRef: { name: secret, key: 'key' } },
      },
    });
  }

  /** Gives a user the built-in role `edit` here, and answers its kubeconfig. */
  async editor(user: string): Promise<string> {
    await this.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: `${user}-edits`, namespace: this.name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    });
    return await this.#cluster.clientFor(user);
  }

  /** `kind/name` of everything that the operator makes for a Sandbox, whoever made it. */
  async childrenOf(sandbox: string): Promise<readonly string[]> {
    const kinds = 'pods,persistentvolumeclaims,networkpolicies,serviceaccounts';
    const found = (await this.kubectl(['get', kinds, '--output=name'])).split('\n');
    return found.filter(name => name.endsWith(`/csb-${sandbox}`));
  }

  async get<T>(resource: string, name: string): Promise<T> {
    return JSON.parse(await this.kubectl(['get', resource, name, '--output=json'])) as T;
  }

  async waitForCondition(
    resource: string,
    name: string,
    type: string,
    status = 'True',
    timeoutMs = 60_000,
  ): Promise<void> {
    const wait = ['wait', `${resource}/${name}`, `--for=condition=${type}=${status}`, `--timeout=${timeoutMs / 1000}s`];
    const { exitCode, stderr } = await outcomeOf(this.kubectl(wait));
    if (exitCode !== 0) throw new Error(`${stderr}${await this.#explain(resource, name)}`);
  }

  /** What one would look at next. */
  async #explain(resource: string, name: string): Promise<string> {
    const show = async (args: readonly string[]) => (await outcomeOf(this.#cluster.kubectl(args))).stdout;
    return [
      await show(['-n', this.name, 'get', resource, name, '--output=jsonpath={.status}']),
      await show(['-n', this.name, 'get', 'events,pods']),
      await show(['-n', 'creel-system', 'logs', 'deployment/creel-operator', '--tail=40']),
    ].join('\n');
  }

  /** Waits until the Sandbox is what `holds` says, and answers it. */
  async waitForSandbox(
    name: string,
    what: string,
    holds: (sandbox: Sandbox) => boolean,
    timeoutMs = 30_000,
  ): Promise<Sandbox> {
    let last = '';
    const ask = async () => {
      const sandbox = await this.get<Sandbox>('csb', name);
      last = JSON.stringify(sandbox.status, null, 1);
      return holds(sandbox) ? sandbox : undefined;
    };
    return await waitUntil(ask, { what: `${name} ${what}`, timeoutMs, intervalMs: 200, explain: () => last });
  }

  async waitForRequest(
    holds: (request: ApprovalRequest) => boolean,
    what: string,
    timeoutMs = 15_000,
  ): Promise<ApprovalRequest> {
    let last = '';
    const ask = async () => {
      const { items } = JSON.parse(await this.kubectl(['get', 'apr', '--output=json'])) as { items: ApprovalRequest[] };
      last = JSON.stringify(
        items.map(({ metadata, spec, status }) => ({ name: metadata.name, spec, status })),
        null,
        1,
      );
      return items.find(holds);
    };
    return await waitUntil(ask, { what, timeoutMs, intervalMs: 100, explain: () => last });
  }

  /** A command in the agent's container, as `kubectl creel connect` runs it. */
  async inside(sandbox: string, script: string): Promise<Ran> {
    return await outcomeOf(this.kubectl(['exec', ...inAgent(sandbox, script)]));
  }

  /** Puts a file into the agent's workspace. */
  async put(sandbox: string, name: string, content: string): Promise<void> {
    await this.kubectl(['exec', '--stdin', ...inAgent(sandbox, `cat >${name}`)], content);
  }
}

function inAgent(sandbox: string, script: string): readonly string[] {
  const launcher = [paths.launcher, 'run', '--workdir', '/sandbox', '--', 'sh', '-c', script];
  return [`csb-${sandbox}`, '--container=agent', '--', ...launcher];
}

/** What became of a program: its failure is an answer here. */
export async function outcomeOf(run: Promise<string>): Promise<Ran> {
  try {
    return { exitCode: 0, stdout: await run, stderr: '' };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { exitCode: error.exitCode, stdout: error.stdout, stderr: error.stderr };
  }
}
