export interface PodAddresses {
  readonly index: number;
  readonly address: string;
  readonly address6: string;
  readonly gateway: string;
  readonly gateway6: string;
  /** The far end of the pod's wire, in the outside world. */
  readonly port: string;
  readonly portIndex: number;
}

/** How many pods one outside world can count. */
const maxPods = 40 * 254;

/** Every pod of an outside world has a subnet of its own; `index` counts from 1. */
export function podAddresses(index: number): PodAddresses {
  if (index < 1 || index > maxPods) throw new Error(`pod ${index}: one outside world has room for ${maxPods} pods`);
  const block = `10.${210 + Math.floor((index - 1) / 254)}.${((index - 1) % 254) + 1}`;
  const block6 = `fd00:c8ee:1:${index.toString(16)}`;
  return {
    index,
    address: `${block}.2`,
    address6: `${block6}::2`,
    gateway: `${block}.1`,
    gateway6: `${block6}::1`,
    port: `crp${index}`,
    portIndex: 10_000 + index,
  };
}
