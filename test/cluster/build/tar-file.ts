// A tar archive (POSIX ustar) of regular files that belong to root; the same input gives the same bytes.

export interface TarEntry {
  /** At most 100 bytes, without a leading slash. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

const blockBytes = 512;

export function tarFile(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(entry => [header(entry), entry.content, padding(entry.content.length)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header({ path, content, mode }: TarEntry): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`tar: the path is longer than 100 bytes: ${path}`);
  const block = Buffer.alloc(blockBytes);
  block.write(path, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(content.length, 11), 124);
  block.write(octal(0, 11), 136);
  // The checksum is taken with its own field as spaces.
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\0', 257);
  block.write('00', 263);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function padding(length: number): Buffer {
  return Buffer.alloc((blockBytes - (length % blockBytes)) % blockBytes);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
