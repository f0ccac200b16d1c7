import { ClusterError } from './base/cluster-error.ts';

/** Set to 1 it says the same as `--real-network`. */
const variable = 'CREEL_REAL_NETWORK';

/** Whether a person asked for the real network; anything but 1, 0 and nothing is refused, so that no typing error opens it. */
export function wantsRealNetwork(flag: boolean, env: NodeJS.ProcessEnv = process.env): boolean {
  const value = env[variable] ?? '';
  if (!['', '0', '1'].includes(value))
    throw new ClusterError(`${variable}=${value} means nothing: use 1 for the real network, or unset it.`);
  return flag || value === '1';
}

/** Tests run attacks and hostile names: their packets never leave the machine. */
export function refuseRealNetwork(env: NodeJS.ProcessEnv = process.env): void {
  if (!wantsRealNetwork(false, env)) return;
  throw new ClusterError(
    `Tests never use the real network: unset ${variable}. The demo and \`npm run cluster -- up\` have --real-network.`,
  );
}
