// The chart on the tier's cluster, for one test file; other files see neither the operator's rights nor its admission policies.
import { join } from 'node:path';
import { waitUntil } from '../../test/cluster/base/wait-until.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';

export const chartFolder = join(import.meta.dirname, '../creel');
const namespace = '--namespace=creel-system';

/** Without the webhook, for which there is no node here: what the API server itself holds. `set` and `values` are further values. */
export async function installChart(
  set: readonly string[] = ['webhook.enabled=false'],
  values: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const given = [
    ...set.map(value => `--set=${value}`),
    ...Object.entries(values).map(([name, value]) => `--set-json=${name}=${JSON.stringify(value)}`),
  ];
  await currentCluster().helm(['install', 'creel', chartFolder, namespace, '--create-namespace', ...given]);
}

/** Resolves when the API server has forgotten the policies, too: a Sandbox in a namespace without the label is one they refuse. */
export async function uninstallChart(): Promise<void> {
  await currentCluster().helm(['uninstall', 'creel', namespace, '--wait']);
  await waitUntil(probe, { what: 'the admission policies to be gone', timeoutMs: 20_000 });
}

function probe(): Promise<string> {
  const sandbox = {
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 'probe' },
    spec: { image: 'example.org/agent:1' },
  };
  const create = ['create', '--dry-run=server', '--filename=-', '--namespace=default'];
  return currentCluster().kubectl(create, { stdin: JSON.stringify(sandbox) });
}
