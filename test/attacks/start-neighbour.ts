// A second sandbox beside that of a data path: another pod on the same wires, with hub, guard and sidecar of its own.
import { createPod } from '../netns/create-pod.ts';
import type { PodCgroups } from '../netns/node-cgroups.ts';
import type { Pod } from '../netns/pod.ts';
import type { Sidecar } from '../netns/sidecar.ts';
import { startSidecar } from '../netns/start-sidecar.ts';
import { startTestHub, type TestHub } from '../netns/test-hub.ts';
import type { Outside } from '../outside/client/outside.ts';

export interface Neighbour {
  readonly hub: TestHub;
  readonly pod: Pod;
  readonly sidecar: Sidecar;
  readonly close: () => Promise<void>;
}

/** Beside the first hub's two ports. */
const hubPort = 9443;

export async function startNeighbour(outside: Outside, cgroups?: PodCgroups): Promise<Neighbour> {
  const hub = await startTestHub({ outside, port: hubPort });
  const pod = await createPod(outside, { cgroups });
  const sidecar = await startSidecar(pod, { outside, hub });
  const close = async () => {
    await pod.close();
    await hub.close();
  };
  return { hub, pod, sidecar, close };
}
