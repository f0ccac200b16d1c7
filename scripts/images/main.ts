// Builds the images into the cache and prints where they are:
//   node scripts/boot.mjs scripts/images/main.ts [operator] [sidecar] [openclaw] [agent-tools]
import { ClusterError } from '../../test/cluster/base/cluster-error.ts';
import { buildImages, imageReference } from './build-images.ts';
import { type ImageName, imageNames } from './image-specs.ts';

const wanted = process.argv.slice(2);
const names = wanted.length === 0 ? imageNames : wanted.map(parseName);
const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());
process.once('SIGTERM', () => stopping.abort());
const progress = (line: string) => void process.stderr.write(`images: ${line}\n`);
try {
  const archives = await buildImages(names, { progress, signal: stopping.signal });
  for (const [index, name] of names.entries()) process.stdout.write(`${imageReference(name)} ${archives[index]}\n`);
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  process.stderr.write(`images: ${error.message}\n`);
  process.exitCode = 1;
}

function parseName(text: string): ImageName {
  const name = imageNames.find(known => known === text);
  if (name === undefined) {
    process.stderr.write(`images: '${text}' is no image; choose from ${imageNames.join(', ')}\n`);
    process.exit(2);
  }
  return name;
}
