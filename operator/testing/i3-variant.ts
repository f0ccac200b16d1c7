// The real operator as a process of its own, with the chart's rights and no others, against the tier's control plane.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { currentCluster } from '../../test/cluster/current-cluster.ts';

export interface OperatorProcess {
  readonly process: ChildProcess;
  readonly log: readonly string[];
  /** Resolves with the exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** CRDs, rights and the hub's Service, as the chart has them. The namespace must exist. Answers what takes the rights away. */
export async function installOperator(namespace: string): Promise<() => Promise<void>> {
  const cluster = currentCluster();
  await cluster.kubectl(['apply', '--server-side', '--force-conflicts', `--filename=${root}crds`]);
  const parts = ['operator-rbac', 'service-account', 'hub-service', 'user-roles'];
  const shown = parts.map(part => `--show-only=templates/${part}.yaml`);
  const manifests = await cluster.helm([
    'template',
    'creel',
    `${root}charts/creel`,
    `--namespace=${namespace}`,
    '--validate',
    ...shown,
  ]);
  const from = [`--namespace=${namespace}`, '--filename=-'];
  await cluster.kubectl(['apply', ...from], { stdin: manifests });
  // ClusterRoles outlive the namespace, and helm would refuse to take them over in another file.
  return async () => {
    await cluster.kubectl(['delete', ...from, '--ignore-not-found', '--wait=false'], { stdin: manifests });
  };
}

/** Resolves when it leads. */
export async function startVariant(
  namespace: string,
  env: Record<string, string>,
  args: string[],
): Promise<OperatorProcess> {
  const kubeconfig = await currentCluster().clientFor(`system:serviceaccount:${namespace}:creel-operator`, [
    'system:serviceaccounts',
    'system:authenticated',
  ]);
  const child = spawn(process.execPath, [...args, process.env['I3_BUNDLE']!], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      KUBECONFIG: kubeconfig,
      CREEL_NAMESPACE: namespace,
      CREEL_SIDECAR_IMAGE: 'sidecar:test',
      CREEL_HUB_PORT: '0',
      CREEL_FORBIDDEN_PORT: '0',
      CREEL_HEALTH_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  const ended = new Promise<number | null>(resolve => {
    child.once('exit', resolve);
  });
  const leading = new Promise<void>(resolve => {
    createInterface(child.stdout).on('line', line => {
      log.push(line);
      if (line.includes('"msg":"leading"')) resolve();
    });
  });
  createInterface(child.stderr).on('line', line => log.push(line));
  const failed = ended.then(code => {
    throw new Error(`the operator ended with ${code}:\n${log.join('\n')}`);
  });
  failed.catch(() => undefined);
  await Promise.race([leading, failed]);
  return {
    process: child,
    log,
    stop: signal => {
      child.kill(signal);
      return ended;
    },
  };
}
