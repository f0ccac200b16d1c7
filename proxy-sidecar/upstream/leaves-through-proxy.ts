import { cidrContains, parseCidr } from '../../engine/canonical/cidr.ts';
import { type Host, hostText } from '../../engine/canonical/host.ts';
import { parseHostPattern, patternMatches } from '../../engine/canonical/host-pattern.ts';
import { parseIp } from '../../engine/canonical/ip.ts';
import type { UpstreamProxy } from '../../protocol/snapshot.ts';

/** Blocks of addresses speak of addresses only: a name behind the proxy is not resolved here. */
export function leavesThroughProxy(host: Host, proxy: UpstreamProxy | undefined): boolean {
  return proxy !== undefined && !proxy.noProxy.some(entry => excepts(entry, host));
}

function excepts(entry: string, host: Host): boolean {
  if (host.kind === 'ip') {
    const [cidr, ip] = [parseCidr(entry), parseIp(hostText(host))];
    return entry === hostText(host) || (cidr.ok && ip !== undefined && cidrContains(cidr.cidr, ip));
  }
  const parsed = parseHostPattern(entry);
  return parsed.ok && patternMatches(parsed.pattern, host.name);
}
