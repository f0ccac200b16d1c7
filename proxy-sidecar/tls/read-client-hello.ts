// The first flight of a TLS client, RFC 8446 §4.1.2: which server name it asks for. Bounded, and no byte is believed twice.

export type ClientHello =
  /** `serverName` is undefined when the extension is absent. Latin-1 text, not canonical. */
  | { readonly kind: 'tls'; readonly serverName: string | undefined }
  | { readonly kind: 'notTls' }
  | { readonly kind: 'needMore' }
  | { readonly kind: 'malformed'; readonly problem: HelloProblem };

export type HelloProblem = 'TooLarge' | 'BadRecord' | 'BadHandshake' | 'BadExtension' | 'SeveralNames';

/** Post-quantum key shares make hellos of about 2 kB; nothing honest comes near this. */
const maxHelloBytes = 32 * 1024;
const recordHandshake = 22;
const handshakeClientHello = 1;
const extensionServerName = 0;
const nameTypeHost = 0;

/** Reads what has arrived so far; call again with more bytes while it says `needMore`. */
export function readClientHello(bytes: Buffer): ClientHello {
  if (bytes.length === 0) return { kind: 'needMore' };
  if (bytes[0] !== recordHandshake || (bytes.length > 1 && bytes[1] !== 3)) return { kind: 'notTls' };
  const joined = joinRecords(bytes);
  if (joined.kind !== 'message') return joined;
  return readHello(joined.body);
}

type Joined = { readonly kind: 'message'; readonly body: Buffer } | Exclude<ClientHello, { kind: 'tls' }>;

/** The handshake message may be cut into any number of records. */
function joinRecords(bytes: Buffer): Joined {
  const parts: Buffer[] = [];
  let at = 0;
  let total = 0;
  for (;;) {
    const wanted = messageLength(parts, total);
    if (wanted !== undefined && wanted > maxHelloBytes) return malformed('TooLarge');
    if (wanted !== undefined && total >= 4 + wanted)
      return { kind: 'message', body: Buffer.concat(parts).subarray(0, 4 + wanted) };
    if (bytes.length < at + 5) return more(bytes);
    if (bytes[at] !== recordHandshake || bytes[at + 1] !== 3) return malformed('BadRecord');
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > 0x4000) return malformed('BadRecord');
    const part = bytes.subarray(at + 5, at + 5 + length);
    if (parts.length === 0 && part.length > 0 && part[0] !== handshakeClientHello) return malformed('BadHandshake');
    if (part.length < length) return more(bytes);
    parts.push(part);
    total += length;
    at += 5 + length;
  }
}

/** Known once the four bytes of the handshake header are there, which may themselves be cut. */
function messageLength(parts: readonly Buffer[], total: number): number | undefined {
  // Records carry at least a byte each, so the first four hold the header.
  return total < 4 ? undefined : Buffer.concat(parts.slice(0, 4)).readUIntBE(1, 3);
}

function more(bytes: Buffer): Joined {
  return bytes.length > maxHelloBytes ? malformed('TooLarge') : { kind: 'needMore' };
}

/** A reader over one block that never reads past its end: it returns undefined from there on. */
class Block {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get isEmpty(): boolean {
    return this.#at === this.#bytes.length;
  }
  take(length: number): Buffer | undefined {
    if (this.#at + length > this.#bytes.length) return undefined;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  number(size: 1 | 2 | 3): number | undefined {
    return this.take(size)?.readUIntBE(0, size);
  }
  /** A block with its length in front. */
  vector(lengthSize: 1 | 2 | 3): Buffer | undefined {
    const length = this.number(lengthSize);
    return length === undefined ? undefined : this.take(length);
  }
}

function readHello(message: Buffer): ClientHello {
  const hello = new Block(message.subarray(4));
  const fixed = [hello.take(2 + 32), hello.vector(1), hello.vector(2), hello.vector(1)];
  if (fixed.includes(undefined)) return malformed('BadHandshake');
  if (hello.isEmpty) return { kind: 'tls', serverName: undefined };
  const extensions = hello.vector(2);
  if (extensions === undefined || !hello.isEmpty) return malformed('BadHandshake');
  return readExtensions(new Block(extensions));
}

function readExtensions(extensions: Block): ClientHello {
  const seen = new Set<number>();
  let serverName: string | undefined;
  while (!extensions.isEmpty) {
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (type === undefined || body === undefined || seen.has(type)) return malformed('BadExtension');
    seen.add(type);
    if (type !== extensionServerName) continue;
    const name = readServerName(new Block(body));
    if (typeof name !== 'string') return malformed(name.problem);
    serverName = name;
  }
  return { kind: 'tls', serverName };
}

/** RFC 6066 §3: exactly one name of type host_name. */
function readServerName(extension: Block): string | { readonly problem: HelloProblem } {
  const list = extension.vector(2);
  if (list === undefined || !extension.isEmpty) return { problem: 'BadExtension' };
  const names = new Block(list);
  const type = names.number(1);
  const name = names.vector(2);
  if (type !== nameTypeHost || name === undefined || name.length === 0) return { problem: 'BadExtension' };
  return names.isEmpty ? name.toString('latin1') : { problem: 'SeveralNames' };
}

function malformed(problem: HelloProblem): { kind: 'malformed'; problem: HelloProblem } {
  return { kind: 'malformed', problem };
}
