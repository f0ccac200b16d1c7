// Puts an OCI archive's images into a node's containerd, unless they are there with the same digest.
import { z } from 'zod';
import { runCommand } from '../base/run-command.ts';
import type { NodeLayout } from './layout.ts';

const indexSchema = z.object({
  manifests: z.array(z.object({ digest: z.string(), annotations: z.record(z.string(), z.string()).optional() })),
});

export async function importIntoNode(ctr: string, node: NodeLayout, archive: string): Promise<void> {
  const images = [ctr, '--address', node.containerdSocket, '--namespace', 'k8s.io', 'images'];
  const wanted = await imagesOfArchive(archive);
  const present = parseImageList(await runCommand([...images, 'list']));
  if (wanted.size > 0 && [...wanted].every(([name, digest]) => present.get(name) === digest)) return;
  await runCommand([...images, 'import', '--no-unpack=false', archive]);
}

/** The names an archive gives its images, with their digests. */
async function imagesOfArchive(archive: string): Promise<ReadonlyMap<string, string>> {
  const index = await runCommand(['tar', '--extract', '--to-stdout', '--file', archive, 'index.json']);
  const named = new Map<string, string>();
  for (const { digest, annotations } of indexSchema.parse(JSON.parse(index)).manifests) {
    const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'];
    if (name !== undefined) named.set(name, digest);
  }
  return named;
}

/** `ctr images list`: name, media type and digest are the first three columns. */
function parseImageList(table: string): ReadonlyMap<string, string> {
  const rows = table
    .split('\n')
    .slice(1)
    .map(line => line.split(/\s+/));
  return new Map(rows.flatMap(([name, , digest]) => (name && digest ? [[name, digest] as const] : [])));
}
