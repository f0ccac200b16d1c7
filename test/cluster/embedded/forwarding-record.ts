// Which interfaces of the machine forward packets because of us, and how they were before: kept outside any cluster's folder,
// since clusters share an uplink and the last one to go puts it back.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { stateRoot } from '../base/folders.ts';
import { withFileLock } from '../base/with-file-lock.ts';

/** Not ip_forward, which would turn it on for every interface there is: the kernel asks the one a packet came in by. */
const settingOf = (device: string) => `/proc/sys/net/ipv4/conf/${device}/forwarding`;
const recordFile = () => join(stateRoot(), '.forwarding.json');
const lockTimeoutMs = 30_000;

const forwardingSchema = z.record(z.string(), z.object({ was: z.string(), clusters: z.array(z.string()) }));
type Forwarding = z.infer<typeof forwardingSchema>;

/** Lets this interface forward for a cluster; answers whether it did not before any cluster asked. */
export async function holdForwarding(uplink: string, cluster: string): Promise<boolean> {
  return locked(() => {
    const all = read();
    const known = all[uplink] ?? { was: readFileSync(settingOf(uplink), 'utf8').trim(), clusters: [] };
    // Written first: a run that is killed in between leaves what `down` needs.
    write({ ...all, [uplink]: { ...known, clusters: [...new Set([...known.clusters, cluster])] } });
    writeFileSync(settingOf(uplink), '1');
    return known.was === '0';
  });
}

/** Forgets the cluster, and puts back every interface that no other cluster uses; one that never asked is fine. */
export async function releaseForwarding(cluster: string): Promise<void> {
  if (!existsSync(recordFile())) return;
  await locked(() => {
    const kept: Forwarding = {};
    for (const [uplink, { was, clusters }] of Object.entries(read())) {
      const others = clusters.filter(other => other !== cluster);
      if (others.length > 0) kept[uplink] = { was, clusters: others };
      else if (existsSync(settingOf(uplink))) writeFileSync(settingOf(uplink), was);
    }
    write(kept);
  });
}

async function locked<T>(body: () => T): Promise<T> {
  const lock = join(stateRoot(), '.locks', '.forwarding');
  return withFileLock(lock, AbortSignal.timeout(lockTimeoutMs), async () => body());
}

function read(): Forwarding {
  return existsSync(recordFile()) ? forwardingSchema.parse(JSON.parse(readFileSync(recordFile(), 'utf8'))) : {};
}

function write(forwarding: Forwarding): void {
  const path = recordFile();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(forwarding, undefined, 2));
  renameSync(`${path}.new`, path);
}
