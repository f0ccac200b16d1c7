import { parseHost } from '../../engine/canonical/host.ts';
import { parseIp } from '../../engine/canonical/ip.ts';
import { UserError } from '../user-error.ts';

/** `HOST`, `HOST:PORT`, `[v6]:PORT` or a URL's origin; the port is 443 by default. */
export function parseTarget(text: string): { readonly host: string; readonly port: number } {
  const bare = text.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const fallback = text.startsWith('http://') ? 80 : 443;
  if (parseIp(bare) !== undefined) return { host: bare, port: fallback };
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:/]+))(?::(?<port>[0-9]{1,5}))?$/.exec(bare);
  const port = Number(match?.groups?.['port'] ?? fallback);
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  if (host === undefined || port < 1 || port > 65_535)
    throw new UserError(`${JSON.stringify(text)} is no HOST[:PORT]; write it like api.github.com:443`);
  const parsed = parseHost(host);
  if (parsed.kind === 'invalid')
    throw new UserError(`${JSON.stringify(host)} is no host (${parsed.problem}); write it like api.github.com`);
  return { host, port };
}
