// Creel on the kubelet tier's cluster: images and chart are there already after the first file of a run, and then cost little.
import { buildImages } from '../../scripts/images/build-images.ts';
import { currentCluster, currentOutside } from '../cluster/current-cluster.ts';
import type { EmbeddedCluster } from '../cluster/embedded/embedded-cluster.ts';
import type { Outside } from '../outside/client/outside.ts';
import { installCreel } from './install-creel.ts';

export interface CreelUnderTest {
  readonly cluster: EmbeddedCluster;
  readonly outside: Outside;
}

export async function creelUnderTest(): Promise<CreelUnderTest> {
  const cluster = currentCluster();
  const outside = await currentOutside();
  const context = {
    progress: (text: string) => void process.stderr.write(`${text}\n`),
    signal: new AbortController().signal,
  };
  await cluster.importImages(await buildImages(['operator', 'sidecar', 'agent-tools'], context));
  await installCreel(cluster, { extraCa: outside.caPem });
  return { cluster, outside };
}
