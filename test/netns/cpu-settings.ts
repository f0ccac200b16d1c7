// From a container's resources to files of its control group, as kubelet and runc set them.

export interface CpuResources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

const periodUs = 100_000;
const minShares = 2;
const maxShares = 262_144;
const minQuotaUs = 1_000;

/** File → content. Without a limit the group may take what is idle; without a request it weighs the least there is. */
export function cpuSettings({ requests, limits }: CpuResources, version: 1 | 2): ReadonlyMap<string, string> {
  const shares = Math.max(minShares, Math.min(maxShares, Math.floor((milliCpu(requests?.['cpu']) * 1024) / 1000)));
  const limit = milliCpu(limits?.['cpu']);
  const quotaUs = limit === 0 ? undefined : Math.max(minQuotaUs, (limit * periodUs) / 1000);
  return new Map(
    version === 1
      ? [
          ['cpu.shares', `${shares}`],
          ['cpu.cfs_period_us', `${periodUs}`],
          ['cpu.cfs_quota_us', `${quotaUs ?? -1}`],
        ]
      : [
          ['cpu.weight', `${1 + Math.floor(((shares - minShares) * 9_999) / (maxShares - minShares))}`],
          ['cpu.max', `${quotaUs ?? 'max'} ${periodUs}`],
        ],
  );
}

/** Thousandths of a processor of a quantity of Kubernetes, `50m` or `1.5`; 0 for none. */
export function milliCpu(quantity: string | undefined): number {
  if (quantity === undefined) return 0;
  const [, number, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(quantity) ?? [];
  if (number === undefined) throw new Error(`cpu is ${JSON.stringify(quantity)}, not such as 50m or 1.5`);
  return milli === 'm' ? Number(number) : Number(number) * 1000;
}
