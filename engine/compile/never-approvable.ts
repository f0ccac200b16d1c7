// What nobody may approve, whoever asks for it: the sidecar refuses it anyway, and an approval would only look like a hole.
import { hubServerName, inferenceHost } from '../../protocol/constants.ts';
import { classifyAddress, isNeverReachable } from '../canonical/classify-address.ts';
import { parseHost } from '../canonical/host.ts';
import { parseIp } from '../canonical/ip.ts';
import { isPlausibleName } from '../canonical/plausible-name.ts';
import { NeverAddresses } from '../decide/never-addresses.ts';

/** Names that clouds and clusters answer with what no sandbox may reach. */
const neverNames =
  /^(localhost|kubernetes|metadata|instance-data)$|\.localhost$|^kubernetes\.default(\.|$)|^metadata\.google\.internal$|^metadata\.goog$|^instance-data\./;

export interface Approvable {
  readonly host: string;
  /** NotListed: no rule speaks of it. Of another reason a policy's author has named the host. */
  readonly reason: string;
}

/** Why no person opens this host, or undefined. `never` are addresses or blocks of the cluster itself. */
export function neverApprovable({ host, reason }: Approvable, never: readonly string[]): string | undefined {
  const parsed = parseHost(host);
  if (parsed.kind === 'invalid') return `${JSON.stringify(host)} is no host (${parsed.problem})`;
  if (parsed.kind === 'name') {
    const { name } = parsed;
    if (neverNames.test(name)) return `${name} leads to the node, the cloud's metadata or the API server`;
    if (name === hubServerName || name === inferenceHost) return `${name} belongs to Creel itself`;
    return reason === 'NotListed' && !isPlausibleName(name)
      ? `${name} is a name of this machine or cluster; an EgressPolicy may list it`
      : undefined;
  }
  const ip = parseIp(parsed.address);
  if (ip === undefined) return `${parsed.address} is no address`;
  const addressClass = classifyAddress(ip);
  if (isNeverReachable(addressClass)) return `${parsed.address} is a ${addressClass} address`;
  return new NeverAddresses(never).holds(ip) ? `${parsed.address} belongs to the cluster itself` : undefined;
}
