// Creel on the kubelet tier's cluster, as its tests use it: installed once, sandboxes by kubectl, commands inside by the launcher.

import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { paths } from '../../protocol/constants.ts';
import { buildImages } from '../../scripts/images/build-images.ts';
import { CommandError } from '../cluster/base/run-command.ts';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster, currentOutside } from '../cluster/current-cluster.ts';
import type { EmbeddedCluster } from '../cluster/embedded/embedded-cluster.ts';
import type { Outside } from '../outside/client/outside.ts';
import { installCreel } from './install-creel.ts';

export const agentImage = 'creel.local/agent-tools:dev';

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CreelUnderTest {
  readonly cluster: EmbeddedCluster;
  readonly outside: Outside;
}

/** Images and chart are there already after the first file of a run: helm finds nothing to change. */
export async function creelUnderTest(): Promise<CreelUnderTest> {
  const cluster = currentCluster();
  const outside = await currentOutside();
  const context = {
    progress: (text: string) => void process.stderr.write(`${text}\n`),
    signal: new AbortController().signal,
  };
  await cluster.importImages(await buildImages(['operator', 'sidecar', 'agent-tools'], context));
  await installCreel(cluster, { extraCa: outside.caPem });
  return { cluster, outside };
}

/** One namespace for sandboxes, with what a user would put there. */
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
    await this.kubectl([
      'wait',
      `${resource}/${name}`,
      `--for=condition=${type}=${status}`,
      `--timeout=${timeoutMs / 1000}s`,
    ]);
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
    const launcher = [paths.launcher, 'run', '--workdir', '/sandbox', '--', 'sh', '-c', script];
    try {
      const stdout = await this.kubectl(['exec', `csb-${sandbox}`, '--container=agent', '--', ...launcher]);
      return { exitCode: 0, stdout, stderr: '' };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { exitCode: error.exitCode, stdout: error.stdout, stderr: error.stderr };
    }
  }
}

/** HTTP status of a GET from inside, 0 when there was no answer; and the body. */
export async function fetchInside(
  namespace: SandboxNamespace,
  sandbox: string,
  url: string,
): Promise<{ readonly status: number; readonly body: string; readonly error: string }> {
  const { stdout, stderr } = await namespace.inside(sandbox, `curl -sS -m 10 -w '\\n%{http_code}' '${url}'`);
  const lines = stdout.trimEnd().split('\n');
  return { status: Number(lines.pop() ?? 0), body: lines.join('\n'), error: stderr };
}
