// What a person should look twice at before approving: kept in the request's status, so that everybody sees the same. Pure.
import { getDomainWithoutSuffix, getPublicSuffix } from 'tldts';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { parseIp } from '../canonical/ip.ts';
import { isWithinDistance } from './edit-distance.ts';
import { isLookAlike } from './look-alike.ts';
import { cheapTopLevels, dropSites, dynamicNames, imitated, resolvers } from './site-lists.ts';

const interpreters = /\/(node|python[0-9.]*|bash|sh|dash|perl|ruby|java|deno|bun|php[0-9.]*|lua[0-9.]*)$/;
const unusualPorts: Readonly<Record<number, string>> = {
  22: 'SSH',
  25: 'mail',
  53: 'DNS',
  465: 'mail',
  587: 'mail',
  853: 'DNS over TLS',
  6667: 'IRC',
};

type Egress = NonNullable<ApprovalRequest['spec']['egress']>;

/** `known`: other hosts that the sandbox may reach, or waits for. */
export function warnOfRequest({ host, port, binary }: Egress, known: readonly string[]): readonly string[] {
  return [
    ...hostWarnings(host, known),
    ...(unusualPorts[port] === undefined
      ? []
      : [`port ${port} (${unusualPorts[port]}): what is sent is not looked into`]),
    ...(binary !== undefined && interpreters.test(binary.path)
      ? [`${binary.path} runs scripts: approved for it is approved for every script`]
      : []),
  ];
}

function hostWarnings(host: string, known: readonly string[]): string[] {
  if (parseIp(host) !== undefined) return ['an address and not a name: nothing says whose it is'];
  const like = imitatedBy(host) ?? known.find(other => isLookAlike(host, other));
  return [
    ...(isBelow(host, dropSites) ? ['anybody can leave data there for anybody'] : []),
    ...(isBelow(host, resolvers) ? ['a DNS resolver: a way round the checks of names'] : []),
    ...(isBelow(host, dynamicNames) ? ['a name that anybody points at any address'] : []),
    ...(isBelow(host, cheapTopLevels) ? ['below a top-level name that throwaway domains are common in'] : []),
    ...(like === undefined ? [] : [`looks like ${like} and is not`]),
    ...(/(^|\.)xn--/.test(host) ? ['an internationalised name: it may look like another one'] : []),
  ];
}

function isBelow(host: string, domains: readonly string[]): boolean {
  return domains.some(domain => host === domain || host.endsWith(`.${domain}`));
}

/** The name that a host imitates: one letter off, with words around it, or under another suffix. */
function imitatedBy(host: string): string | undefined {
  const own = getDomainWithoutSuffix(host);
  const suffix = getPublicSuffix(host);
  if (own === null || suffix === null) return undefined;
  for (const [name, suffixes] of Object.entries(imitated)) {
    if (own === name) return suffixes.includes(suffix) || isCountry(suffix) ? undefined : `${name}.${suffixes[0]}`;
    const isWrapped = own.split('-').includes(name);
    if (isWrapped || (name.length >= 5 && isWithinDistance(own, name, 1))) return `${name}.${suffixes[0]}`;
  }
  return undefined;
}

/** Below a country's suffix it may well be theirs; but for those that are `com` with a letter left out. */
function isCountry(suffix: string): boolean {
  return /(^|\.)[a-z]{2}$/.test(suffix) && !['co', 'cm', 'om'].includes(suffix);
}
