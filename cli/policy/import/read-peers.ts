// Where an endpoint leads: host or addresses, and ports.
import { parseCidr } from '../../../engine/canonical/cidr.ts';
import { parseIp } from '../../../engine/canonical/ip.ts';
import { badCidrMessage, checkAllowedBlock, checkPeer } from '../../../engine/compile/check-peer.ts';
import type { Fields } from './fields.ts';
import { readWhole } from './fields.ts';
import type { Findings } from './finding.ts';
import type { RuleDraft } from './rule-draft.ts';

export interface Peers {
  readonly to: RuleDraft['to'];
  readonly allowedCIDRs?: readonly string[];
  /** By address only: there is no name to check. */
  readonly byAddress: boolean;
}

/** Undefined where the endpoint cannot be imported; the findings say why. */
export function readPeers(endpoint: Fields, findings: Findings): Peers | undefined {
  const ports = readPorts(endpoint, findings);
  const host = endpoint.text('host') ?? '';
  const blocks = readBlocks(endpoint, findings);
  if (ports.length === 0) return undefined;
  if (host === '') {
    if (blocks.length > 0) return { to: blocks.map(cidr => ({ cidr, ports })), byAddress: true };
    findings.refused(endpoint.at('host'), 'neither host nor allowed_ips; say where it leads');
    return undefined;
  }
  const ip = parseIp(host);
  if (ip !== undefined) return { to: [{ cidr: `${host}/${ip.family === 4 ? 32 : 128}`, ports }], byAddress: true };
  if (!isHostUsable(endpoint, host, findings)) return undefined;
  const to = [{ host, ports }];
  if (blocks.length === 0) return { to, byAddress: false };
  if (!host.startsWith('*')) return { to, allowedCIDRs: blocks, byAddress: false };
  findings.unsupported(endpoint.at('allowed_ips'), 'private addresses need an exact host; name each host');
  return { to, byAddress: false };
}

function readPorts(endpoint: Fields, findings: Findings): number[] {
  const many = (endpoint.list('ports') ?? []).flatMap(item => readWhole(item, 1, 65_535, findings) ?? []);
  const one = endpoint.whole('port', 1, 65_535);
  if (many.length > 0 && one !== undefined)
    findings.refused(endpoint.at('port'), 'port beside ports; keep one of them');
  if (many.length > 0) return [...new Set(many)];
  if (one !== undefined) return [one];
  if (!endpoint.has('port') && !endpoint.has('ports')) findings.refused(endpoint.place, 'no port; add `port: 443`');
  else if (endpoint.has('ports') && endpoint.list('ports')?.length === 0)
    findings.refused(endpoint.at('ports'), 'is empty; list at least one port');
  return [];
}

/** Wildcards that Creel has no like of are left out; a host that is none is an error. */
function isHostUsable(endpoint: Fields, host: string, findings: Findings): boolean {
  const place = endpoint.at('host');
  if (host.replace(/^\*{1,2}\./, '').includes('*')) {
    findings.unsupported(place, `wildcard ${host}: only a whole first label may be * or **; list the hosts`);
    return false;
  }
  const checked = checkPeer({ host }, 'Allow', 'default', () => undefined);
  if (checked.kind !== 'Problem') return true;
  const { reason, message } = checked.problem;
  if (reason === 'BadHost') findings.refused(place, message);
  else findings.unsupported(place, message);
  return false;
}

function readBlocks(endpoint: Fields, findings: Findings): string[] {
  const items = endpoint.list('allowed_ips') ?? [];
  return items.flatMap(item => {
    const text = item.kind === 'scalar' ? item.source : '';
    const ip = parseIp(text);
    const block = ip === undefined ? text : `${text}/${ip.family === 4 ? 32 : 128}`;
    const parsed = parseCidr(block);
    const problem = parsed.ok
      ? checkAllowedBlock('allowed_ips', parsed.cidr)?.message
      : badCidrMessage('allowed_ips', text, parsed.problem);
    if (problem === undefined) return [block];
    findings.refused(item, problem);
    return [];
  });
}
