// Addresses nobody may reach: node, API server, hub, cluster DNS, and the range synthetic DNS answers from.
import { syntheticRange } from '../../protocol/constants.ts';
import { type Cidr, cidrContains, parseCidr, singleAddress } from '../canonical/cidr.ts';
import { embeddedIpv4 } from '../canonical/classify-address.ts';
import { formatIp, type Ip, parseIp } from '../canonical/ip.ts';

export class NeverAddresses {
  readonly #exact = new Set<string>();
  readonly #blocks: readonly Cidr[];

  /** Addresses or CIDR blocks; throws on anything else, for a list with a hole must not be enforced. */
  constructor(list: readonly string[]) {
    const blocks = [mustParse(syntheticRange)];
    for (const text of list) {
      const ip = parseIp(text);
      if (ip === undefined) blocks.push(mustParse(text));
      else this.#exact.add(formatIp(ip));
    }
    this.#blocks = blocks;
  }

  holds(ip: Ip): boolean {
    if (this.#exact.has(formatIp(ip)) || this.#blocks.some(block => cidrContains(block, ip))) return true;
    const inner = embeddedIpv4(ip);
    return inner !== undefined && this.holds(inner);
  }
}

function mustParse(text: string): Cidr {
  const ip = parseIp(text);
  if (ip !== undefined) return singleAddress(ip);
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(`never-address ${JSON.stringify(text)} is neither an address nor a CIDR block`);
  return parsed.cidr;
}
