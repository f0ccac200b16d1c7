// Writes a one-layer OCI image archive from a few files, without any tool of the container world.
import { createHash } from 'node:crypto';
import { tarFile } from './tar-file.ts';

export interface ImageFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

export interface ImageSpec {
  /** Name and tag, as pods refer to it. */
  readonly reference: string;
  readonly files: readonly ImageFile[];
  readonly config: { readonly Entrypoint?: readonly string[]; readonly Env?: readonly string[] };
}

const ociImage = 'application/vnd.oci.image';
const architectures: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: 'amd64', arm64: 'arm64' };

export function ociArchive({ reference, files, config }: ImageSpec): Buffer {
  const layer = tarFile(files);
  const layerBlob = blob(layer, `${ociImage}.layer.v1.tar`);
  const configBlob = blob(
    json({
      architecture: architectures[process.arch],
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [layerBlob.descriptor.digest] },
    }),
    `${ociImage}.config.v1+json`,
  );
  const manifestBlob = blob(
    json({
      schemaVersion: 2,
      mediaType: `${ociImage}.manifest.v1+json`,
      config: configBlob.descriptor,
      layers: [layerBlob.descriptor],
    }),
    `${ociImage}.manifest.v1+json`,
  );
  const annotations = { 'io.containerd.image.name': reference };
  const index = { schemaVersion: 2, manifests: [{ ...manifestBlob.descriptor, annotations }] };
  return tarFile([
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }), mode: 0o644 },
    { path: 'index.json', content: json(index), mode: 0o644 },
    ...[layerBlob, configBlob, manifestBlob].map(({ file }) => file),
  ]);
}

function blob(content: Buffer, mediaType: string) {
  const digest = createHash('sha256').update(content).digest('hex');
  return {
    descriptor: { mediaType, digest: `sha256:${digest}`, size: content.length },
    file: { path: `blobs/sha256/${digest}`, content, mode: 0o644 },
  };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
