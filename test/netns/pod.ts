// A pod-shaped place without a kubelet: its own network, mount and process namespaces on one wire to the outside world.
import type { ChildProcess } from 'node:child_process';
import type { Packet } from '../outside/capture/parse-packet.ts';
import type { PodCgroups } from './node-cgroups.ts';
import type { PodAddresses } from './pod-addresses.ts';
import { namespaceFlags, type PodNamespaces } from './pod-namespaces.ts';
import { PodProcess, type ProcessOptions, type ProcessResult, startInPod } from './pod-process.ts';

export interface PodPlace {
  readonly addresses: PodAddresses;
  /** A folder of this machine at the same path inside the pod; everybody may read, only root may write. */
  readonly folder: string;
  /** Of its two containers; without them nothing divides the processor. */
  readonly cgroups: PodCgroups | undefined;
}

export class Pod {
  /** The path of its network namespace; gone when the pod is. */
  readonly netnsPath: string;
  readonly addresses: PodAddresses;
  readonly folder: string;
  readonly #cgroups: PodCgroups | undefined;
  readonly #namespaces: PodNamespaces;
  readonly #remove: () => Promise<void>;

  constructor(namespaces: PodNamespaces, place: PodPlace, remove: () => Promise<void>) {
    this.netnsPath = namespaces.netnsPath;
    this.addresses = place.addresses;
    this.folder = place.folder;
    this.#cgroups = place.cgroups;
    this.#namespaces = namespaces;
    this.#remove = remove;
  }

  /** Runs a program to its end as uid 1000 without capabilities, unless told otherwise. Any exit status is an answer. */
  async run(command: readonly string[], options: ProcessOptions = {}): Promise<ProcessResult> {
    return this.start(command, options).result();
  }

  start(command: readonly string[], options: ProcessOptions = {}): PodProcess {
    // Guard and sidecar are started as uid 0 with capabilities, as their container is, and nothing else of a pod is.
    const cgroup = this.#cgroups?.[options.user === 'admin' ? 'sidecar' : 'agent'];
    return startInPod(namespaceFlags(this.#namespaces), command, {
      ...(cgroup === undefined ? {} : { cgroup }),
      ...options,
      env: { HOME: this.folder, ...options.env },
    });
  }

  /** The process that keeps the namespaces: when it ends, everything in the pod is killed. */
  get holder(): ChildProcess {
    return this.#namespaces.holder;
  }

  /** True of packets that came out of this pod, in a capture of the outside world. */
  readonly sent = (packet: Packet): boolean =>
    packet.interfaceIndex === this.addresses.portIndex && packet.direction === 'in';

  async close(): Promise<void> {
    await this.#remove();
  }
}
