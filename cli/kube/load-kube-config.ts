import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { UserError } from '../user-error.ts';

export interface KubeConfigOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Whom to act as (`--as`); the API server must let the caller impersonate them. */
  readonly as?: string;
}

/**
 * As kubectl does it: `--kubeconfig`, else the files of KUBECONFIG merged (the first to say something wins, files that are not
 * there are passed over), else the usual place. The library's own merge takes the last and refuses names that occur twice.
 */
export async function loadKubeConfig(options: KubeConfigOptions, env: NodeJS.ProcessEnv): Promise<KubeConfig> {
  const { KubeConfig: Config } = await import('./client-node.ts');
  const read = (file: string): KubeConfig => {
    const one = new Config();
    try {
      one.loadFromFile(file);
    } catch (error) {
      throw new UserError(
        `cannot read the kubeconfig ${file}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return one;
  };
  const config = new Config();
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter(file => file !== '');
  if (options.kubeconfig !== undefined) mergeInto(config, [read(options.kubeconfig)]);
  else if (listed.length > 0) mergeInto(config, listed.filter(file => existsSync(file)).map(read));
  else config.loadFromDefault();
  if (options.context !== undefined) config.setCurrentContext(options.context);
  requireCluster(config, options, listed);
  if (options.as !== undefined) impersonate(config, options.as);
  return config;
}

function mergeInto(config: KubeConfig, parts: readonly KubeConfig[]): void {
  config.clusters = firstOfEachName(parts.flatMap(part => part.clusters ?? []));
  config.users = firstOfEachName(parts.flatMap(part => part.users ?? []));
  config.contexts = firstOfEachName(parts.flatMap(part => part.contexts ?? []));
  config.currentContext = parts.map(part => part.currentContext).find(Boolean) ?? '';
}

function firstOfEachName<T extends { readonly name: string }>(all: readonly T[]): T[] {
  return all.filter(({ name }, at) => all.findIndex(other => other.name === name) === at);
}

function requireCluster(config: KubeConfig, options: KubeConfigOptions, listed: readonly string[]): void {
  const context = config.getContextObject(config.getCurrentContext());
  const server = config.getCurrentCluster()?.server;
  // Where nothing is configured, the library makes up a server on localhost.
  const isMadeUp = server === 'http://localhost:8080';
  if (context && server !== undefined && !isMadeUp) return;
  const names = (config.contexts ?? []).map(({ name }) => name);
  if (options.context !== undefined && names.length > 0)
    throw new UserError(`--context ${options.context}: there is no such context; there are ${names.join(', ')}`);
  if (names.length > 0 && !isMadeUp)
    throw new UserError(`the kubeconfig has no usable current context; there are ${names.join(', ')}`, {
      try: ['kubectl config use-context NAME', 'or give --context NAME'],
    });
  const missing = listed.filter(file => !existsSync(file));
  throw new UserError(
    `no Kubernetes cluster is configured${missing.length > 0 ? ` (KUBECONFIG names ${missing.join(', ')}, which does not exist)` : ''}: set KUBECONFIG, or start one with \`npm run cluster -- up\``,
  );
}

function impersonate(config: KubeConfig, user: string): void {
  const current = config.getCurrentUser();
  config.users = config.users.map(one => (one === current ? { ...one, impersonateUser: user } : one));
}
