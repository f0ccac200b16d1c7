// Which address stands for which name inside this sandbox. Deterministic, so that a restart gives the same answers.
import { createHash } from 'node:crypto';
import { parseIp } from '../../engine/canonical/ip.ts';

export type SyntheticName = readonly [address: string, name: string];

export interface SyntheticNames {
  /** The address of a canonical name, made on first use; undefined when there is no room, or none near its slot. */
  addressOf(name: string): string | undefined;
  has(name: string): boolean;
  nameOf(address: string): string | undefined;
  readonly size: number;
}

const maxNames = 16_384;
const maxProbes = 64;
/** A name that was neither asked for nor connected to for so long makes room when there is none; its answer lived 30 s. */
const unusedMs = 10 * 60_000;

/**
 * `range` is an IPv4 block (`28.64.0.0/14`); its first and last address are never used. `known` is what was given out before
 * a restart, oldest first; `onNew` hears of each new one, with all there are.
 */
export function createSyntheticNames(
  range: string,
  sandbox: string,
  known: readonly SyntheticName[],
  onNew: (added: SyntheticName, all: () => readonly SyntheticName[]) => void,
  nowMs: () => number = () => performance.now(),
): SyntheticNames {
  const { base, size } = parseRange(range);
  const byAddress = new Map<number, string>();
  /** The least recently used first. */
  const byName = new Map<string, { readonly address: number; readonly usedMs: number }>();
  /** Addresses of names that had to go: to whoever still holds one it must not mean another name. */
  const retired = new Set<number>();
  for (const [text, name] of known.slice(-maxNames)) {
    const address = toNumber(text);
    if (address !== undefined && isInside(address)) put(address, name);
  }

  function put(address: number, name: string): void {
    const before = byName.get(name);
    const other = byAddress.get(address);
    if (before !== undefined) byAddress.delete(before.address);
    if (other !== undefined) byName.delete(other);
    byAddress.set(address, name);
    touch(name, address);
  }

  function touch(name: string, address: number): void {
    byName.delete(name);
    byName.set(name, { address, usedMs: nowMs() });
  }

  function isInside(number: number): boolean {
    return number > base && number < base + size - 1;
  }

  function makeRoom(): boolean {
    if (byName.size < maxNames) return true;
    const [oldest] = byName;
    if (oldest === undefined || nowMs() - oldest[1].usedMs < unusedMs) return false;
    byName.delete(oldest[0]);
    byAddress.delete(oldest[1].address);
    retired.add(oldest[1].address);
    for (const address of retired) {
      if (retired.size <= maxNames) break;
      retired.delete(address);
    }
    return true;
  }

  function place(name: string): number | undefined {
    const digest = createHash('sha256').update(`${sandbox}\0${name}`).digest();
    const first = digest.readUInt32BE(0) % (size - 2);
    for (let probe = 0; probe < maxProbes; probe++) {
      const candidate = base + 1 + ((first + probe) % (size - 2));
      if (!byAddress.has(candidate) && !retired.has(candidate)) return candidate;
    }
    return undefined;
  }

  const all = () => [...byName].map(([name, { address }]) => [toText(address), name] as const);

  return {
    addressOf(name) {
      const existing = byName.get(name);
      if (existing !== undefined) {
        touch(name, existing.address);
        return toText(existing.address);
      }
      const address = makeRoom() ? place(name) : undefined;
      if (address === undefined) return undefined;
      put(address, name);
      onNew([toText(address), name], all);
      return toText(address);
    },
    has: name => byName.has(name),
    nameOf(text) {
      const address = toNumber(text);
      const name = address === undefined ? undefined : byAddress.get(address);
      if (address !== undefined && name !== undefined) touch(name, address);
      return name;
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
  const ip = parseIp(address);
  return ip?.family === 4 ? ip.words[0] : undefined;
}

function toText(number: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(number / 2 ** shift) % 256).join('.');
}
