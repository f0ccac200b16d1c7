import { join } from 'node:path';
import { ClusterError } from '../base/cluster-error.ts';
import { stateRoot } from '../base/folders.ts';
import { runCommand } from '../base/run-command.ts';
import { withFileLock } from '../base/with-file-lock.ts';
import { addressesOf, chooseSubnet, subnetCount } from './addresses.ts';
import { type ClusterRecord, listClusterNames, readClusterRecord, writeClusterRecord } from './cluster-record.ts';

/** Picks a subnet that no other cluster and no route of this machine uses, and writes the record that claims it. */
export async function allocateSubnet(
  signal: AbortSignal,
  recordFor: (subnet: number) => ClusterRecord,
): Promise<ClusterRecord> {
  return withFileLock(join(stateRoot(), '.locks', '.subnets'), signal, async () => {
    const taken = new Set(listClusterNames().flatMap(name => readClusterRecord(name)?.subnet ?? []));
    const routes = await runCommand(['ip', '-4', 'route', 'show', 'table', 'all']);
    for (let subnet = 0; subnet < subnetCount; subnet++)
      if (routes.includes(addressesOf(subnet).host.replace(/1$/, ''))) taken.add(subnet);
    const subnet = chooseSubnet(recordFor(0).name, taken);
    if (subnet === undefined)
      throw new ClusterError(
        'All 256 subnets are in use by clusters; take some down: npm run cluster -- down --name NAME',
      );
    const record = recordFor(subnet);
    writeClusterRecord(record);
    return record;
  });
}
