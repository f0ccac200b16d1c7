// What allow rules and grants say of a connection that no deny rule speaks of: opaque, inspected, or nothing.
import type { Grant } from '../../protocol/snapshot.ts';
import { singleAddress } from '../canonical/cidr.ts';
import { formatIp, type Ip } from '../canonical/ip.ts';
import { allowBy } from './allow-by.ts';
import type { Allow, Binary, Decision, Inspected } from './decision.ts';
import { Entry } from './entry.ts';

/** `entries` and live `grants` are those of the host and port. Undefined: nobody lists it. */
export function decideListed(
  entries: readonly Entry[],
  grants: readonly Grant[],
  binary: Binary | undefined,
  ip: Ip | undefined,
): Decision | undefined {
  const [only] = entries;
  // Most decisions, and nothing is made for them.
  if (only?.alone !== undefined && entries.length === 1 && ip === undefined) return only.alone;
  return entries.some(isInspected)
    ? decideInspected(entries, grants, binary, ip)
    : (decideAllow(entries, binary, ip) ?? decideGrants(grants, binary, ip));
}

function isInspected(entry: Entry): boolean {
  return entry.isInspected;
}

/** The first match decides how; further matches only add the addresses they allow. */
function decideAllow(entries: readonly Entry[], binary: Binary | undefined, ip: Ip | undefined): Decision | undefined {
  let chosen: Entry | undefined;
  const cidrs = [];
  for (const entry of entries) {
    if (entry.binaries !== undefined) {
      if (binary === undefined && chosen === undefined) return { verdict: 'NeedsBinary' };
      if (!isNamed(entry, binary)) continue;
    }
    chosen ??= entry;
    // Services pin their own addresses; what they allow is not for other rules' answers.
    if (entry.pinned === undefined || entry === chosen) cidrs.push(...entry.allowedCidrs);
  }
  return chosen === undefined ? undefined : allowBy(chosen.rule, cidrs, chosen.pinned, ip);
}

/** Is the binary one of the entry's, or with `ancestors` a child of one? */
function isNamed({ binaries, rule }: Entry, binary: Binary | undefined): boolean {
  if (binaries === undefined) return true;
  if (binary?.kind !== 'known') return false;
  if (binaries.has(binary.path)) return true;
  return rule.ancestors === true && (binary.ancestors?.some(path => binaries.has(path)) ?? false);
}

/**
 * Every rule and grant that matches has a say in each request, so whose socket it is must be known where any of them asks.
 * Opaque rules beside inspected ones (the compiler drops such pairs) allow no request.
 */
function decideInspected(
  entries: readonly Entry[],
  grants: readonly Grant[],
  binary: Binary | undefined,
  ip: Ip | undefined,
): Decision | undefined {
  const asks =
    entries.some(({ binaries }) => binaries !== undefined) || grants.some(grant => grant.binary !== undefined);
  if (binary === undefined && asks) return { verdict: 'NeedsBinary' };
  const matching = entries.filter(entry => isInspected(entry) && isNamed(entry, binary));
  const live = grants.filter(grant => isScopedTo(grant, binary));
  const denying =
    binary?.kind === 'unknown' ? entries.filter(entry => !matching.includes(entry)).flatMap(denyingPart) : [];
  const [chosen] = matching;
  // Without a rule that matches the host is a grant's alone, unless a denial could be this unknown binary's.
  if (chosen === undefined && denying.length === 0) return decideGrants(grants, binary, ip);
  if (chosen === undefined && live.length === 0) return undefined;
  const inspected = inspectedBy([...matching, ...denying], live);
  if (chosen === undefined) return grantAllow(live, inspected, ip);
  const cidrs = matching
    .filter(entry => entry.pinned === undefined || entry === chosen)
    .flatMap(entry => entry.allowedCidrs);
  const isEnforced = live.length > 0 || matching.some(({ rule }) => rule.mode === 'Enforce');
  return {
    ...allowBy(chosen.rule, cidrs, chosen.pinned, ip),
    protocol: 'HTTP',
    inspected,
    mode: isEnforced ? 'Enforce' : 'Audit',
  };
}

/** What the deny patterns of a rule for other binaries say where the binary is not known. */
function denyingPart(entry: Entry): readonly Entry[] {
  const { inspection } = entry.rule;
  if (inspection?.kind !== 'HTTP' || inspection.deny.length === 0) return [];
  const denyOnly = { ...entry.rule, inspection: { kind: inspection.kind, allow: [], deny: inspection.deny } };
  return [new Entry(denyOnly, entry)];
}

function inspectedBy(entries: readonly Entry[], grants: readonly Grant[]): Inspected {
  const byRule = new Map(entries.map(entry => [entry.rule, entry]));
  return { rules: [...byRule.keys()], grants, prepared: rule => byRule.get(rule)?.prepared() };
}

function decideGrants(grants: readonly Grant[], binary: Binary | undefined, ip: Ip | undefined): Decision | undefined {
  const live = grants.filter(grant => isScopedTo(grant, binary));
  const wholes = live.filter(({ requests }) => requests === undefined);
  // No use is spent where none has to be.
  const whole = wholes.find(({ uses }) => uses === undefined) ?? wholes[0];
  if (whole !== undefined) return grantAllow([whole], undefined, ip);
  if (binary === undefined && grants.some(grant => grant.binary !== undefined)) return { verdict: 'NeedsBinary' };
  return live.length === 0 ? undefined : grantAllow(live, inspectedBy([], live), ip);
}

function grantAllow(grants: readonly Grant[], inspected: Inspected | undefined, ip: Ip | undefined): Allow | undefined {
  const [first] = grants;
  if (first === undefined) return undefined;
  return {
    verdict: 'Allow',
    by: 'Grant',
    id: first.id,
    protocol: inspected === undefined ? 'Any' : 'HTTP',
    ...(inspected === undefined ? {} : { inspected }),
    mode: 'Enforce',
    // A person approved this very address; a name they approved still leads to public addresses only.
    allowedCidrs: ip === undefined ? [] : [singleAddress(ip)],
    ...(ip === undefined ? {} : { pinned: [formatIp(ip)] }),
  };
}

function isScopedTo({ binary: scope }: Grant, binary: Binary | undefined): boolean {
  if (scope === undefined) return true;
  return binary?.kind === 'known' && binary.path === scope.path && binary.sha256 === scope.sha256;
}
