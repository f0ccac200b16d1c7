// What an address is good for. node's BlockList misses NAT64, 6to4 and ::a.b.c.d, through which private IPv4 can be reached.
import { type Cidr, cidrContains, parseCidr } from './cidr.ts';
import type { Ip } from './ip.ts';

export type AddressClass =
  | 'Public'
  | 'Private'
  | 'Cgnat'
  | 'Ula'
  | 'Loopback'
  | 'LinkLocal'
  | 'Metadata'
  | 'Unspecified'
  | 'Multicast'
  | 'Broadcast'
  | 'Documentation'
  | 'Benchmark'
  | 'Reserved';

/** First match wins: the special addresses stand before the blocks that hold them. */
const table: readonly (readonly [block: Cidr, addressClass: AddressClass])[] = (
  [
    ['169.254.169.254/32', 'Metadata'],
    ['169.254.170.2/32', 'Metadata'],
    ['100.100.100.200/32', 'Metadata'],
    ['168.63.129.16/32', 'Metadata'],
    ['192.0.0.192/32', 'Metadata'],
    ['0.0.0.0/8', 'Unspecified'],
    ['10.0.0.0/8', 'Private'],
    ['100.64.0.0/10', 'Cgnat'],
    ['127.0.0.0/8', 'Loopback'],
    ['169.254.0.0/16', 'LinkLocal'],
    ['172.16.0.0/12', 'Private'],
    ['192.0.0.0/24', 'Reserved'],
    ['192.0.2.0/24', 'Documentation'],
    ['192.88.99.0/24', 'Reserved'],
    ['192.168.0.0/16', 'Private'],
    ['198.18.0.0/15', 'Benchmark'],
    ['198.51.100.0/24', 'Documentation'],
    ['203.0.113.0/24', 'Documentation'],
    ['224.0.0.0/4', 'Multicast'],
    ['255.255.255.255/32', 'Broadcast'],
    ['240.0.0.0/4', 'Reserved'],
    ['::/128', 'Unspecified'],
    ['::1/128', 'Loopback'],
    ['fd00:ec2::254/128', 'Metadata'],
    ['fd20:ce::254/128', 'Metadata'],
    ['2001:db8::/32', 'Documentation'],
    ['2001:2::/48', 'Benchmark'],
    ['2001::/23', 'Reserved'],
    ['3fff::/20', 'Documentation'],
    ['fc00::/7', 'Ula'],
    ['fe80::/10', 'LinkLocal'],
    ['ff00::/8', 'Multicast'],
  ] as const
).map(([text, addressClass]) => [known(text), addressClass] as const);

const globalUnicastV6 = known('2000::/3');
const tableV6 = table.filter(([block]) => block.base.family === 6);
/** Each block as the bits before its host bits: every connection's addresses are held against all of them, twice. */
const tableV4 = table.flatMap(([{ base, prefix }, addressClass]) => {
  const hostBits = 32 - prefix;
  return base.family === 4 ? [{ network: (base.words[0] ?? 0) >>> hostBits, hostBits, addressClass }] : [];
});

/** Blocks that carry an IPv4 address, with the bit where it starts. */
const embeddings: readonly (readonly [block: Cidr, startBit: number])[] = [
  [known('64:ff9b::/96'), 96],
  [known('2002::/16'), 16],
  [known('::/96'), 96],
  [known('::ffff:0:0:0/96'), 96],
];

function known(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(`bad block in the address table: ${text}`);
  return parsed.cidr;
}

/** The class of the address it leads to: NAT64, 6to4 and IPv4-compatible ones count as the IPv4 address inside. */
export function classifyAddress(ip: Ip): AddressClass {
  if (ip.family === 4) return classifyV4(ip.words[0] ?? 0);
  for (const [block, addressClass] of tableV6) if (cidrContains(block, ip)) return addressClass;
  const inner = embeddedIpv4(ip);
  if (inner !== undefined) return classifyAddress(inner);
  return cidrContains(globalUnicastV6, ip) ? 'Public' : 'Reserved';
}

function classifyV4(word: number): AddressClass {
  for (const { network, hostBits, addressClass } of tableV4) if (word >>> hostBits === network) return addressClass;
  return 'Public';
}

/** The IPv4 address an IPv6 one is translated or tunnelled to, so that rules about it hold for both. */
export function embeddedIpv4(ip: Ip): Ip | undefined {
  if (ip.family === 4) return undefined;
  for (const [block, startBit] of embeddings) {
    if (!cidrContains(block, ip)) continue;
    const word = Math.floor(startBit / 32);
    const shift = startBit % 32;
    const high = ip.words[word] ?? 0;
    const value = shift === 0 ? high : ((high << shift) | ((ip.words[word + 1] ?? 0) >>> (32 - shift))) >>> 0;
    return { family: 4, words: [value] };
  }
  return undefined;
}

const neverReachable: ReadonlySet<AddressClass> = new Set<AddressClass>([
  'Loopback',
  'LinkLocal',
  'Metadata',
  'Unspecified',
  'Multicast',
  'Broadcast',
]);

/** No rule, grant or allowed block opens these, and nobody is asked. */
export function isNeverReachable(addressClass: AddressClass): boolean {
  return neverReachable.has(addressClass);
}

/** Every block of such addresses, for refusing rules that hold one. */
export const neverReachableBlocks: readonly Cidr[] = table
  .filter(([, addressClass]) => isNeverReachable(addressClass))
  .map(([block]) => block);
