import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attachNamespace } from '../outside/client/attach-namespace.ts';
import type { Outside } from '../outside/client/outside.ts';
import type { PodCgroups } from './node-cgroups.ts';
import { Pod } from './pod.ts';
import { podAddresses } from './pod-addresses.ts';
import { createPodNamespaces, endPodNamespaces } from './pod-namespaces.ts';

export interface PodOptions {
  /** Whom resolv.conf names; the outside world's server unless told otherwise. */
  readonly nameserver?: string;
  /** Where its containers' processes run; without them nothing divides the processor. */
  readonly cgroups?: PodCgroups | undefined;
}

/** A pod on a wire of its own to the outside world: default routes of both families lead there, and names resolve there. */
export async function createPod(outside: Outside, options: PodOptions = {}): Promise<Pod> {
  const { nameserver = outside.dnsAddress, cgroups } = options;
  const addresses = podAddresses(outside.claimPodIndex());
  const folder = mkdtempSync(outside.scratchPrefix);
  chmodSync(folder, 0o755);
  const resolvConf = join(folder, 'resolv.conf');
  writeFileSync(resolvConf, `nameserver ${nameserver}\noptions ndots:1 timeout:1 attempts:1\n`);
  const nodeMount = join(folder, 'bin', 'node');
  mkdirSync(join(folder, 'bin'));
  writeFileSync(nodeMount, '');
  const namespaces = await createPodNamespaces({ resolvConf, node: process.execPath, nodeMount });
  const remove = async () => {
    await endPodNamespaces(namespaces);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await attachNamespace(outside.netnsPath, {
      netnsPath: namespaces.netnsPath,
      pid: namespaces.pid,
      port: addresses.port,
      portIndex: addresses.portIndex,
      addresses: [`${addresses.address}/24`, `${addresses.address6}/64`],
      gateways: [`${addresses.gateway}/24`, `${addresses.gateway6}/64`],
    });
  } catch (error) {
    await remove();
    throw error;
  }
  return new Pod(namespaces, { addresses, folder, cgroups }, remove);
}
