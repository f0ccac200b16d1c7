import { addressesOf } from './addresses.ts';
import { createCertificates } from './certificates.ts';
import type { ClusterRecord } from './cluster-record.ts';
import {
  apiServerSpec,
  bindAdministrators,
  controllerManagerSpec,
  etcdSpec,
  waitForApiServer,
} from './control-plane.ts';
import type { ClusterLayout } from './layout.ts';
import { startProcess } from './managed-process.ts';
import { connectOutside, createControlPlaneNetwork } from './network.ts';
import { createGateway, openRealNetwork } from './real-network.ts';

/** etcd, the API server and the controller manager, from nothing; the administrator can work when it answers. */
export async function startControlPlane(
  layout: ClusterLayout,
  record: ClusterRecord,
  kube: string,
  signal: AbortSignal,
): Promise<void> {
  const address = addressesOf(record.subnet).controlPlane;
  await createControlPlaneNetwork(layout, record.subnet);
  if (record.uplink !== undefined) await createGateway(layout);
  if (record.outside !== undefined) await connectOutside(layout, record.outside.netns, record.subnet);
  if (record.uplink !== undefined) await openRealNetwork(layout, record.subnet, record.uplink);
  await startProcess(layout, etcdSpec(layout, kube, record.fsync));
  await createCertificates(layout, kube, address);
  await startProcess(layout, apiServerSpec(layout, kube, address));
  await waitForApiServer(layout, signal);
  await bindAdministrators(layout);
  // Earlier it would only retry with growing pauses.
  await startProcess(layout, controllerManagerSpec(layout, kube));
}
