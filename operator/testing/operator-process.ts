// The real operator as a process of its own, under a kubeconfig of the caller's choice.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface OperatorProcess {
  readonly process: ChildProcess;
  readonly log: readonly string[];
  /** Where its hub listens; known once it leads. */
  readonly hubPort: number;
  /** Resolves with the exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/** Resolves when it leads; rejects with its log when it ends before. */
export async function runOperator(
  kubeconfig: string,
  namespace: string,
  env: Readonly<Record<string, string>> = {},
): Promise<OperatorProcess> {
  const ports = { CREEL_HUB_PORT: '0', CREEL_FORBIDDEN_PORT: '0', CREEL_HEALTH_PORT: '0' };
  const own = { KUBECONFIG: kubeconfig, CREEL_NAMESPACE: namespace, CREEL_SIDECAR_IMAGE: 'sidecar:test' };
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ...own, ...ports, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  const ended = new Promise<number | null>(resolve => {
    child.once('exit', resolve);
  });
  const leading = new Promise<number>(resolve => {
    createInterface(child.stdout).on('line', line => {
      log.push(line);
      if (line.includes('"msg":"leading"')) resolve((JSON.parse(line) as { hubPort: number }).hubPort);
    });
  });
  createInterface(child.stderr).on('line', line => log.push(line));
  const failed = ended.then((code): never => {
    throw new Error(`the operator ended with ${code}:\n${log.join('\n')}`);
  });
  failed.catch(() => undefined);
  const hubPort = await Promise.race([leading, failed]);
  return {
    process: child,
    log,
    hubPort,
    stop: signal => {
      child.kill(signal);
      return ended;
    },
  };
}
