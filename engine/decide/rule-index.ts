// Compiled maps over one snapshot's rules: a lookup touches only rules that name the host and the port.

import type { CompiledRule, HostPattern } from '../../protocol/snapshot.ts';
import { type Cidr, maskIp, parseCidr, singleAddress } from '../canonical/cidr.ts';
import { embeddedIpv4 } from '../canonical/classify-address.ts';
import { type Ip, parseIp } from '../canonical/ip.ts';
import { Entry } from './entry.ts';
import { PortTable } from './port-table.ts';

/** Entries of one host, by port; those without ports (deny rules) stand under `any`. */
type ByPort = PortTable<Entry>;

/** All blocks of one prefix length, by masked network. */
interface Block {
  readonly prefix: number;
  readonly nets: Map<string, ByPort>;
}

export class RuleIndex {
  readonly #exact = new Map<string, ByPort>();
  readonly #label = new Map<string, ByPort>();
  readonly #depth = new Map<string, ByPort>();
  /** By family; longest prefix first. */
  readonly #blocks: Readonly<Record<4 | 6, Block[]>> = { 4: [], 6: [] };

  constructor(rules: readonly CompiledRule[]) {
    for (const rule of rules) this.#add(rule);
    const blocks = [...this.#blocks[4], ...this.#blocks[6]].map(block => block.nets);
    for (const table of [this.#exact, this.#label, this.#depth, ...blocks]) sortTable(table);
    for (const family of [4, 6] as const) this.#blocks[family].sort((a, b) => b.prefix - a.prefix);
  }

  /** Nothing in it speaks of any name. */
  get isNameless(): boolean {
    return this.#exact.size + this.#label.size + this.#depth.size === 0;
  }

  /** Most specific first: exact, then `*.`, then `**.` with the longest suffix first. */
  forName(name: string, port: number): readonly Entry[] {
    if (this.isNameless) return none;
    let found = entriesOf(this.#exact.get(name), port);
    let dot = name.indexOf('.');
    if (dot >= 0 && this.#label.size > 0) found = joined(found, entriesOf(this.#label.get(name.slice(dot + 1)), port));
    for (; dot >= 0 && this.#depth.size > 0; dot = name.indexOf('.', dot + 1))
      found = joined(found, entriesOf(this.#depth.get(name.slice(dot + 1)), port));
    return found;
  }

  /** The one entry that speaks of the name, where it is easily told that there is no other: most decisions look no further. */
  onlyFor(name: string, port: number): Entry | undefined {
    const only = this.#exact.get(name)?.only(port);
    if (only === undefined || this.#depth.size > 0) return undefined;
    return this.#label.size > 0 && this.#label.has(name.slice(name.indexOf('.') + 1)) ? undefined : only;
  }

  /** Longest prefix first. With `throughTunnels`, blocks that hold the IPv4 address inside count too: for denials. */
  forIp(ip: Ip, port: number, throughTunnels: boolean): readonly Entry[] {
    const inner = throughTunnels ? embeddedIpv4(ip) : undefined;
    let found = inner === undefined ? none : this.forIp(inner, port, false);
    for (const block of this.#blocks[ip.family])
      found = joined(found, entriesOf(block.nets.get(networkKey(ip, block.prefix)), port));
    return found;
  }

  /** Does any rule speak of this name, whatever the port? */
  knows(name: string): boolean {
    let dot = name.indexOf('.');
    if (this.#exact.has(name) || (dot >= 0 && this.#label.has(name.slice(dot + 1)))) return true;
    for (; dot >= 0; dot = name.indexOf('.', dot + 1)) if (this.#depth.has(name.slice(dot + 1))) return true;
    return false;
  }

  /** Does a rule name it, rather than cover it by a wildcard? */
  names(name: string): boolean {
    return this.#exact.has(name);
  }

  #add(rule: CompiledRule): void {
    const entry = toEntry(rule);
    for (const pattern of rule.hosts) addTo(this.#tableOf(pattern), pattern.name, rule.ports, entry);
    for (const { cidr } of rule.cidrs) this.#addBlock(mustParseCidr(cidr), rule.ports, entry);
    for (const service of rule.services) {
      const pinned = entry.asPeer({
        pinned: service.addresses,
        allowedCidrs: service.addresses.map(mustParseAddress),
      });
      for (const name of service.names) addTo(this.#exact, name, rule.ports, pinned);
      for (const block of pinned.allowedCidrs) this.#addBlock(block, rule.ports, entry);
    }
  }

  #tableOf({ kind }: HostPattern): Map<string, ByPort> {
    if (kind === 'exact') return this.#exact;
    return kind === 'label' ? this.#label : this.#depth;
  }

  #addBlock(cidr: Cidr, ports: readonly number[], entry: Entry): void {
    const blocks = this.#blocks[cidr.base.family];
    let block = blocks.find(({ prefix }) => prefix === cidr.prefix);
    if (block === undefined) blocks.push((block = { prefix: cidr.prefix, nets: new Map<string, ByPort>() }));
    addTo(block.nets, networkKey(cidr.base, cidr.prefix), ports, entry.asPeer({ allowedCidrs: [cidr] }));
  }
}

function toEntry(rule: CompiledRule): Entry {
  const { allowedCidrs } = rule;
  return new Entry(rule, {
    allowedCidrs: allowedCidrs.length === 0 ? noCidrs : allowedCidrs.map(mustParseCidr),
    pinned: undefined,
  });
}

const noCidrs: readonly Cidr[] = [];

function addTo(table: Map<string, ByPort>, key: string, ports: readonly number[], entry: Entry): void {
  // Only a deny rule may leave its ports open; an allow rule without any allows nothing.
  const keys = ports.length === 0 && entry.rule.effect === 'Deny' ? (['any'] as const) : ports;
  let byPort = table.get(key);
  for (const port of keys) {
    if (byPort === undefined) table.set(key, (byPort = new PortTable<Entry>(port, entry)));
    else byPort.add(port, entry);
  }
}

/** Rules that name binaries first, so that their narrower answer is not lost behind a general one; then by id. */
function sortTable(table: ReadonlyMap<string, ByPort>): void {
  for (const byPort of table.values()) byPort.sort(compareEntries);
}

function compareEntries(a: Entry, b: Entry): number {
  const byBinaries = Number(a.binaries === undefined) - Number(b.binaries === undefined);
  return byBinaries || (a.rule.id < b.rule.id ? -1 : Number(a.rule.id > b.rule.id));
}

const none: readonly Entry[] = [];

function entriesOf(byPort: ByPort | undefined, port: number): readonly Entry[] {
  return byPort === undefined ? none : (byPort.get(port) ?? byPort.get('any') ?? none);
}

/** Lookups mostly find one list or none: nothing is copied then. */
function joined(a: readonly Entry[], b: readonly Entry[]): readonly Entry[] {
  if (a.length === 0) return b;
  return b.length === 0 ? a : [...a, ...b];
}

function networkKey(ip: Ip, prefix: number): string {
  return maskIp(ip, prefix).words.join('.');
}

function mustParseCidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(`snapshot holds ${JSON.stringify(text)}, not a CIDR block (${parsed.problem})`);
  return parsed.cidr;
}

function mustParseAddress(text: string): Cidr {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`snapshot holds ${JSON.stringify(text)}, not an address`);
  return singleAddress(ip);
}
