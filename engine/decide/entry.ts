import type { CompiledRule } from '../../protocol/snapshot.ts';
import type { Cidr } from '../canonical/cidr.ts';
import { allowBy } from './allow-by.ts';
import type { Allow } from './decision.ts';
import { type PreparedRule, prepareRule } from './request/prepare-rule.ts';

interface Peer {
  readonly allowedCidrs: readonly Cidr[];
  readonly pinned: readonly string[] | undefined;
}

/** A rule as seen from one of its peers. A snapshot may have tens of thousands: what not every rule needs is made when it is asked for. */
export class Entry {
  readonly rule: CompiledRule;
  readonly binaries: ReadonlySet<string> | undefined;
  readonly isInspected: boolean;
  readonly allowedCidrs: readonly Cidr[];
  readonly pinned: readonly string[] | undefined;
  /** The rule's protocol block, compiled at its first use. */
  readonly prepared: () => PreparedRule | undefined;
  #alone: Allow | undefined;

  constructor(rule: CompiledRule, { allowedCidrs, pinned }: Peer, like?: Entry) {
    const { inspection, protocol, binaries } = rule;
    this.rule = rule;
    this.binaries = like?.binaries ?? (binaries === undefined ? undefined : new Set(binaries));
    this.isInspected = inspection !== undefined || (protocol !== undefined && protocol !== 'TLS' && protocol !== 'TCP');
    this.allowedCidrs = allowedCidrs;
    this.pinned = pinned;
    this.prepared = like?.prepared ?? (inspection === undefined ? notInspected : once(() => prepareRule(rule)));
  }

  /** What it allows a name where no other rule speaks of it; undefined where the binary or the request must be known first. */
  get alone(): Allow | undefined {
    if (this.#alone === undefined && this.rule.effect === 'Allow' && this.binaries === undefined && !this.isInspected)
      this.#alone = allowBy(this.rule, this.allowedCidrs, this.pinned, undefined);
    return this.#alone;
  }

  /** The same rule, seen from another of its peers. */
  asPeer({ allowedCidrs = this.allowedCidrs, pinned = this.pinned }: Partial<Peer>): Entry {
    return new Entry(this.rule, { allowedCidrs, pinned }, this);
  }
}

function notInspected(): undefined {
  return undefined;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
