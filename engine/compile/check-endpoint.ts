// Where an InferenceProfile's endpoint leads, or why no call may go there.
import { parseAuthority } from '../canonical/authority.ts';
import { classifyAddress, isNeverReachable } from '../canonical/classify-address.ts';
import { type Host, hostText } from '../canonical/host.ts';
import { parseIp } from '../canonical/ip.ts';

export type CheckedEndpoint =
  | { readonly ok: true; readonly host: Host; readonly port: number; readonly endpoint: string }
  | { readonly ok: false; readonly reason: 'EndpointInvalid' | 'EndpointNotAllowed'; readonly message: string };

export function checkEndpoint(endpoint: string): CheckedEndpoint {
  const match = /^(https?):\/\/([^/?#@\\\s]+)(\/[^?#\s]*)?$/.exec(endpoint);
  const authority = match === null ? undefined : parseAuthority(match[2] ?? '');
  if (match === null || authority?.ok !== true)
    return problem(
      'EndpointInvalid',
      `spec.endpoint ${JSON.stringify(endpoint)} is no URL; write it like https://host/v1`,
    );
  const { host, port = match[1] === 'https' ? 443 : 80 } = authority;
  if (isNever(host))
    return problem(
      'EndpointNotAllowed',
      `spec.endpoint leads to ${hostText(host)}, which no sandbox may reach; name the server itself`,
    );
  if (match[1] !== 'https')
    return problem(
      'EndpointNotAllowed',
      `spec.endpoint is not https; use https, or spec.service for a server in the cluster`,
    );
  return { ok: true, host, port, endpoint: endpoint.replace(/\/+$/, '') };
}

function isNever(host: Host): boolean {
  if (host.kind === 'name') return host.name === 'localhost' || host.name.endsWith('.localhost');
  const ip = parseIp(host.address);
  return ip === undefined || isNeverReachable(classifyAddress(ip));
}

function problem(reason: 'EndpointInvalid' | 'EndpointNotAllowed', message: string): CheckedEndpoint {
  return { ok: false, reason, message };
}
