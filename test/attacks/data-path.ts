// One sandbox without a kubelet for a file of tests: outside world, capture, hub, pod with guard and sidecar.

import { createPod } from '../netns/create-pod.ts';
import type { PodCgroups } from '../netns/node-cgroups.ts';
import type { Pod } from '../netns/pod.ts';
import type { Sidecar } from '../netns/sidecar.ts';
import { startSidecar } from '../netns/start-sidecar.ts';
import { startTestHub, type TestHub } from '../netns/test-hub.ts';
import type { Capture } from '../outside/capture/capture.ts';
import type { Packet } from '../outside/capture/parse-packet.ts';
import { createOutside } from '../outside/client/create-outside.ts';
import type { Outside } from '../outside/client/outside.ts';

export interface DataPath {
  readonly outside: Outside;
  readonly capture: Capture;
  readonly hub: TestHub;
  readonly pod: Pod;
  readonly sidecar: Sidecar;
  /** A pod on the same wires without guard and sidecar: what the same step does when nothing stops it. */
  readonly openPod: Pod;
  /** Packets of the pod but those to the hub. */
  readonly sent: (packet: Packet) => boolean;
  /** Nothing allowed, nothing recorded. */
  readonly reset: () => Promise<void>;
  /** The capture starts anew. */
  readonly forgetPackets: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function startDataPath(name: string, cgroups?: PodCgroups): Promise<DataPath> {
  const outside = await createOutside({ name: `${name}-${process.pid}` });
  const capture = await outside.startCapture();
  const hub = await startTestHub({ outside });
  const [pod, openPod] = [await createPod(outside, { cgroups }), await createPod(outside)];
  const sidecar = await startSidecar(pod, { outside, hub });
  const hubAddress = hub.address.split(':')[0];
  const close = async () => {
    await pod.close();
    await openPod.close();
    await hub.close();
    await capture.stop();
    await outside.close();
  };
  const reset = async () => {
    await hub.apply({
      policy: { rules: [], onUnlisted: 'Ask', holdMs: 0, identity: 'Process', frozen: false, neverAddresses: [] },
      grants: [],
      route: { reason: 'NotConfigured', message: 'no route' },
    });
    await outside.reset();
    hub.frames.length = 0;
    await forgetPackets();
  };
  // What has passed but was not seen yet would count for what comes next.
  const forgetPackets = async () => {
    await capture.packets();
    capture.clear();
  };
  const sent = (packet: Packet) => pod.sent(packet) && packet.destination !== hubAddress;
  return { outside, capture, hub, pod, sidecar, openPod, sent, reset, forgetPackets, close };
}
