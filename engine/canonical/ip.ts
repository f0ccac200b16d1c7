// Strict IP literals: dotted quads without leading zeros and RFC 4291 text, nothing else (no 127.1, hex, octal, zone ids).
// Written here because engine/ imports no IO module; tests compare with node:net's isIP.

/** Network order, 32 bits a word: one for IPv4, four for IPv6. */
export interface Ip {
  readonly family: 4 | 6;
  readonly words: readonly number[];
}

/** The address, or undefined when the text is not a strict literal. IPv4-mapped IPv6 becomes the IPv4 address the kernel would dial. */
export function parseIp(text: string): Ip | undefined {
  if (text.length > 45) return undefined;
  const quad = parseQuad(text);
  if (quad !== undefined) return { family: 4, words: [quad] };
  const groups = parseGroups(text);
  if (groups === undefined) return undefined;
  const words = [0, 2, 4, 6].map(at => (((groups[at] ?? 0) << 16) | (groups[at + 1] ?? 0)) >>> 0);
  const mapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return mapped ? { family: 4, words: [words[3] ?? 0] } : { family: 6, words };
}

function parseQuad(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    if ((part.length > 1 && part.startsWith('0')) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/** Eight 16-bit groups. */
function parseGroups(text: string): number[] | undefined {
  const halves = text.split('::');
  if (!text.includes(':') || halves.length > 2) return undefined;
  const compressed = halves.length === 2;
  const head = parseHalf(halves[0] ?? '', !compressed);
  const tail = compressed ? parseHalf(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (compressed ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** Only the end of an address may be a dotted quad. */
function parseHalf(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const quad = isEnd && index === parts.length - 1 ? parseQuad(part) : undefined;
    if (quad !== undefined) groups.push(quad >>> 16, quad & 0xffff);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** Canonical text: dotted quad, or RFC 5952. */
export function formatIp(ip: Ip): string {
  if (ip.family === 4) return formatQuad(ip.words[0] ?? 0);
  const groups = ip.words.flatMap(word => [word >>> 16, word & 0xffff]);
  const gap = longestZeroRun(groups);
  const hex = groups.map(group => group.toString(16));
  if (gap === undefined) return hex.join(':');
  return `${hex.slice(0, gap.start).join(':')}::${hex.slice(gap.start + gap.length).join(':')}`;
}

function formatQuad(word: number): string {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
}

/** The first longest run of at least two zero groups. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined;
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length >= 2 && length > (best?.length ?? 0)) best = { start, length };
    start += length;
  }
  return best;
}
