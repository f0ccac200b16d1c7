// Address arithmetic for NetworkPolicies: what counts as public, and exceptions that lie inside a block.
import ipaddr from 'ipaddr.js';

/** Not public: this host, private, shared, link-local, protocol, multicast and reserved space, and clouds' metadata. */
const nonPublicV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const;
/** Also the translation prefixes: what is behind them is a v4 address nobody classified. */
const nonPublicV6 = [
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
] as const;

/** Never on the wire as such, and the API server reads it as 0.0.0.0/0: no exception can name it. */
const mappedV4 = '::ffff:0:0/96';

type Block = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Every public address of both families, less `excluded` (`address` or `address/prefix`). */
export function publicBlocks(
  excluded: readonly string[],
): { readonly cidr: string; readonly except: readonly string[] }[] {
  return [
    { cidr: '0.0.0.0/0', except: withExceptions('0.0.0.0/0', nonPublicV4, excluded) },
    { cidr: '::/0', except: withExceptions('::/0', nonPublicV6, excluded) },
  ];
}

/** One block, less those of `excluded` that lie inside it. undefined where nothing of it is left. */
export function exactBlock(
  cidr: string,
  excluded: readonly string[],
): { readonly cidr: string; readonly except?: readonly string[] } | undefined {
  if (excluded.some(other => contains(other, cidr))) return undefined;
  const except = withExceptions(cidr, [], excluded);
  return except.length > 0 ? { cidr: asCidr(cidr), except } : { cidr: asCidr(cidr) };
}

/** True where every address of the block is public. */
export function isPublicBlock(cidr: string): boolean {
  return [...nonPublicV4, ...nonPublicV6, mappedV4].every(range => !contains(range, cidr) && !contains(cidr, range));
}

/** `address` becomes `address/32` or `/128`; a block is printed canonically. */
export function asCidr(text: string): string {
  const [address, prefix] = parse(text);
  return `${address.toString()}/${prefix}`;
}

function withExceptions(cidr: string, ranges: readonly string[], excluded: readonly string[]): string[] {
  const inside = excluded.filter(other => contains(cidr, other) && !ranges.some(range => contains(range, other)));
  return [...ranges, ...new Set(inside.map(asCidr))].sort();
}

function contains(outer: string, inner: string): boolean {
  const [outerAddress, outerPrefix] = parse(outer);
  const [innerAddress, innerPrefix] = parse(inner);
  return (
    outerAddress.kind() === innerAddress.kind() &&
    outerPrefix <= innerPrefix &&
    innerAddress.match(outerAddress, outerPrefix)
  );
}

/** ipaddr.parse takes `127.1` and octal; what comes here was made canonical by the compiler or by Kubernetes. */
function parse(text: string): Block {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
