import { existsSync } from 'node:fs';
import { isRunning } from '../base/process-identity.ts';
import { readClusterRecord } from './cluster-record.ts';
import type { ClusterLayout } from './layout.ts';
import { listProcesses, logPath } from './managed-process.ts';

/** What `status` prints: the shape of the cluster and each of its programs. */
export function describeCluster(layout: ClusterLayout): string {
  if (!existsSync(layout.folder)) return `${layout.name} is not running\n`;
  const record = readClusterRecord(layout.name);
  const shape =
    record === undefined
      ? 'unreadable record'
      : `${record.phase}, ${record.nodeCount} nodes${record.uplink === undefined ? '' : `, real network by ${record.uplink}`}`;
  const programs = listProcesses(layout).map(({ spec, identity }) => {
    const state = isRunning(identity) ? `running  pid ${identity.pid}` : `ENDED    ${logPath(layout, spec.name)}`;
    return `  ${spec.name.padEnd(22)} ${state}`;
  });
  return [`${layout.name}: ${shape}`, ...programs, `export KUBECONFIG=${layout.kubeconfig}`, ''].join('\n');
}
