// Turns sound inputs into almost sound ones: the interesting errors of a parser lie close to what it accepts.

/** A small deterministic generator (mulberry32): the same seed gives the same mutations. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One to four edits of one entry: bits, bytes, ranges dropped, doubled or taken from another entry, tokens put in. */
export function mutateBytes(corpus: readonly Buffer[], tokens: readonly string[], random: () => number): Buffer {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  let bytes = pick(corpus) ?? Buffer.alloc(0);
  for (let edits = 1 + Math.floor(random() * 4); edits > 0; edits--) {
    const at = Math.floor(random() * (bytes.length + 1));
    const end = Math.min(bytes.length, at + Math.floor(random() * 16));
    const before = bytes.subarray(0, at);
    const other = pick(corpus) ?? bytes;
    const from = Math.floor(random() * (other.length + 1));
    const replacements: readonly (readonly [Buffer, number])[] = [
      [Buffer.from([Math.floor(random() * 256)]), at],
      [Buffer.from([(bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))]), at + 1],
      [Buffer.alloc(0), end],
      [bytes.subarray(at, end), at],
      [other.subarray(from, from + Math.floor(random() * 32)), end],
      [Buffer.from(pick(tokens) ?? ''), at],
      [Buffer.from(pick(tokens) ?? ''), end],
    ];
    const [middle, resume] = pick(replacements) ?? [Buffer.alloc(0), at];
    bytes = Buffer.concat([before, middle, bytes.subarray(resume)]);
  }
  return bytes;
}
