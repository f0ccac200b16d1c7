// Where a route leads, read strictly: node's URL would rewrite what it does not like.
import { parseAuthority } from '../../engine/canonical/authority.ts';
import { type Host, hostText } from '../../engine/canonical/host.ts';
import type { Route } from '../../protocol/snapshot.ts';

export interface RouteTarget {
  readonly host: Host;
  readonly port: number;
  readonly tls: boolean;
  /** Version path without a final slash: `/v1`. */
  readonly basePath: string;
  /** For the Host field. */
  readonly authority: string;
}

export type ParsedRouteTarget =
  | { readonly ok: true; readonly target: RouteTarget }
  | { readonly ok: false; readonly problem: 'BadEndpoint' | 'PlainTextOutsideCluster' | 'KeyNotForThisHost' };

export function routeTarget(route: Route): ParsedRouteTarget {
  const match = /^(https?):\/\/([^/?#@\\]+)((?:\/[A-Za-z0-9._~:@!$&'()*+,;=%-]+)*)\/?$/.exec(route.endpoint);
  const authority = match === null ? undefined : parseAuthority(match[2] ?? '');
  if (match === null || authority?.ok !== true) return { ok: false, problem: 'BadEndpoint' };
  const basePath = match[3] ?? '';
  if (basePath.split('/').some(segment => segment === '.' || segment === '..'))
    return { ok: false, problem: 'BadEndpoint' };
  const tls = match[1] === 'https';
  const isInCluster = route.addresses !== undefined || route.allowedCidrs.length > 0;
  if (!tls && !isInCluster) return { ok: false, problem: 'PlainTextOutsideCluster' };
  const { host, port = tls ? 443 : 80 } = authority;
  if (route.credential !== undefined && !isAllowed(route.credential.allowedHosts, hostText(host), port))
    return { ok: false, problem: 'KeyNotForThisHost' };
  const name = host.kind === 'ip' && host.family === 6 ? `[${host.address}]` : hostText(host);
  const isDefault = port === (tls ? 443 : 80);
  return { ok: true, target: { host, port, tls, basePath, authority: isDefault ? name : `${name}:${port}` } };
}

/** The Secret's owner says where its key may go: `host`, or `host:port`. */
function isAllowed(allowedHosts: readonly string[], host: string, port: number): boolean {
  return allowedHosts.some(text => {
    const allowed = parseAuthority(text.trim());
    return allowed.ok && hostText(allowed.host) === host && (allowed.port ?? port) === port;
  });
}
