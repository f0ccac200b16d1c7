// Run by real-network.netns.test.ts in the namespace that plays the machine: a cluster's wires without its programs.
//   node lay-wires.ts up NAME              the real network, as `up --real-network` opens it
//   node lay-wires.ts up NAME OUTSIDE      an outside world, as `up` does
//   node lay-wires.ts down NAME
import { ClusterError } from '../base/cluster-error.ts';
import { layoutOf, nodeLayoutOf } from './layout.ts';
import { readMachineNetwork } from './machine-network.ts';
import { connectOutside, createControlPlaneNetwork, createNodeNetwork, routePods, setDefaultRoute } from './network.ts';
import { createGateway, openRealNetwork } from './real-network.ts';
import { tearDown } from './tear-down.ts';

const subnet = 7;
const [verb, name = '', outside] = process.argv.slice(2);
const layout = layoutOf(name);
const node = nodeLayoutOf(layout, 1);

async function up(): Promise<void> {
  const machine = outside === undefined ? await readMachineNetwork() : undefined;
  await createControlPlaneNetwork(layout, subnet);
  if (machine !== undefined) await createGateway(layout);
  const end = outside ?? layout.gatewayNetns;
  await connectOutside(layout, end, subnet);
  if (machine !== undefined) await openRealNetwork(layout, subnet, machine.uplink);
  await createNodeNetwork(layout, node, subnet);
  await routePods(end, node, subnet);
  await setDefaultRoute(node.netns, subnet);
}

try {
  if (verb === 'up') await up();
  else await tearDown(layout);
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  process.stderr.write(error.message);
  process.exitCode = 1;
}
