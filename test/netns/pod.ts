// A pod-shaped place without a kubelet: its own network, mount and process namespaces on one wire to the outside world.
import type { ChildProcess } from 'node:child_process';
import type { Packet } from '../outside/capture/parse-packet.ts';
import type { PodAddresses } from './pod-addresses.ts';
import { namespaceFlags, type PodNamespaces } from './pod-namespaces.ts';
import { PodProcess, type ProcessOptions, type ProcessResult, startInPod } from './pod-process.ts';

export class Pod {
  /** The path of its network namespace; gone when the pod is. */
  readonly netnsPath: string;
  readonly addresses: PodAddresses;
  /** A folder of this machine at the same path inside the pod; everybody may read, only root may write. */
  readonly folder: string;
  readonly #namespaces: PodNamespaces;
  readonly #remove: () => Promise<void>;

  constructor(namespaces: PodNamespaces, addresses: PodAddresses, folder: string, remove: () => Promise<void>) {
    this.netnsPath = namespaces.netnsPath;
    this.addresses = addresses;
    this.folder = folder;
    this.#namespaces = namespaces;
    this.#remove = remove;
  }

  /** Runs a program to its end as uid 1000 without capabilities, unless told otherwise. Any exit status is an answer. */
  async run(command: readonly string[], options: ProcessOptions = {}): Promise<ProcessResult> {
    return this.start(command, options).result();
  }

  start(command: readonly string[], options: ProcessOptions = {}): PodProcess {
    return startInPod(namespaceFlags(this.#namespaces), command, {
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
