// Which address stands for which name inside this sandbox. Deterministic, so that a restart gives the same answers.
import { createHash } from 'node:crypto';

export interface SyntheticNames {
  /** The address of a canonical name, made on first use; undefined when every slot near it is taken. */
  addressOf(name: string): string | undefined;
  nameOf(address: string): string | undefined;
  readonly size: number;
}

const maxNames = 16_384;
const maxProbes = 64;

/**
 * `range` is an IPv4 block (`28.64.0.0/14`); its first and last address are never used. `known` is what was given out before
 * a restart, `onNew` hears of each new one.
 */
export function createSyntheticNames(
  range: string,
  sandbox: string,
  known: readonly (readonly [address: string, name: string])[],
  onNew: (address: string, name: string) => void,
): SyntheticNames {
  const { base, size } = parseRange(range);
  const byAddress = new Map<number, string>();
  const byName = new Map<string, number>();
  const put = (address: number, name: string) => {
    byAddress.set(address, name);
    byName.set(name, address);
  };
  for (const [address, name] of known) {
    const number = toNumber(address);
    if (number !== undefined && isInside(number) && !byAddress.has(number) && !byName.has(name)) put(number, name);
  }

  function isInside(number: number): boolean {
    return number > base && number < base + size - 1;
  }

  function place(name: string): number | undefined {
    if (byName.size >= maxNames) return undefined;
    const digest = createHash('sha256').update(`${sandbox}\0${name}`).digest();
    const first = digest.readUInt32BE(0) % (size - 2);
    for (let probe = 0; probe < maxProbes; probe++) {
      const candidate = base + 1 + ((first + probe) % (size - 2));
      if (!byAddress.has(candidate)) return candidate;
    }
    return undefined;
  }

  return {
    addressOf(name) {
      const existing = byName.get(name);
      if (existing !== undefined) return toText(existing);
      const address = place(name);
      if (address === undefined) return undefined;
      put(address, name);
      onNew(toText(address), name);
      return toText(address);
    },
    nameOf: address => {
      const number = toNumber(address);
      return number === undefined ? undefined : byAddress.get(number);
    },
    get size() {
      return byName.size;
    },
  };
}

function parseRange(range: string): { base: number; size: number } {
  const [address = '', bits = ''] = range.split('/');
  const base = toNumber(address);
  const size = 2 ** (32 - Number(bits));
  if (base === undefined || !(size >= 4 && size <= 2 ** 24))
    throw new Error(`synthetic range ${range} is not an IPv4 block of /8 to /30`);
  return { base, size };
}

function toNumber(address: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (match === null) return undefined;
  const bytes = match.slice(1).map(Number);
  return bytes.every(byte => byte <= 255) ? bytes.reduce((sum, byte) => sum * 256 + byte, 0) : undefined;
}

function toText(number: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(number / 2 ** shift) % 256).join('.');
}
