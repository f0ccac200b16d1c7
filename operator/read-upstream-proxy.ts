// The corporate proxy of this install, out of the operator's environment. Every mistake is named by its Helm value.
import { parseAuthority } from '../engine/canonical/authority.ts';
import { formatCidr, parseCidr } from '../engine/canonical/cidr.ts';
import { hostText } from '../engine/canonical/host.ts';
import { formatHostPattern, parseHostPattern } from '../engine/canonical/host-pattern.ts';
import type { UpstreamProxy } from '../protocol/snapshot.ts';

export interface ConfiguredProxy {
  readonly proxy: UpstreamProxy;
  /** Where it is, for each sandbox's NetworkPolicy: its address, or the blocks given for a name. */
  readonly blocks: readonly string[];
}

export interface ProxyVariables {
  readonly url?: string | undefined;
  /** `user:password`. */
  readonly userPassword?: string | undefined;
  readonly noProxy: readonly string[];
  readonly cidrs: readonly string[];
}

export type ReadProxy =
  | { readonly ok: true; readonly configured?: ConfiguredProxy }
  | { readonly ok: false; readonly problems: readonly string[] };

export function readUpstreamProxy({ url = '', userPassword, noProxy, cidrs }: ProxyVariables): ReadProxy {
  if (url === '') return withoutProxy({ userPassword, noProxy, cidrs });
  const target = targetOf(url);
  const authorization = userPassword === undefined ? undefined : authorizationOf(userPassword);
  const direct = noProxy.map(directEntry);
  const blocks = cidrs.map(blockOf);
  const problems = [target, authorization, ...direct, ...blocks].filter(result => result instanceof Problem);
  if (problems.length > 0 || target instanceof Problem)
    return { ok: false, problems: problems.map(({ message }) => message) };
  return {
    ok: true,
    configured: {
      proxy: {
        ...target,
        ...(typeof authorization === 'string' ? { authorization } : {}),
        noProxy: direct.filter(isText),
      },
      blocks: [...addressBlock(target.host), ...blocks.filter(isText)],
    },
  };
}

class Problem {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** Half a configuration is a mistake: traffic that should pass the proxy would not. */
function withoutProxy({ userPassword, noProxy, cidrs }: ProxyVariables): ReadProxy {
  if (userPassword === undefined && noProxy.length === 0 && cidrs.length === 0) return { ok: true };
  return { ok: false, problems: ['upstreamProxy.url is missing; write it like http://proxy.corp.example:3128'] };
}

function targetOf(url: string): { readonly host: string; readonly port: number } | Problem {
  const remedy = 'write it like http://proxy.corp.example:3128';
  const authority = /^http:\/\/([^/?#@\\\s]+)\/?$/.exec(url)?.[1];
  // The value may hold a password where somebody put one: it is not repeated.
  if (url.includes('@'))
    return new Problem(
      'upstreamProxy.url holds credentials; put user:password into a Secret and name it in secretName',
    );
  if (authority === undefined) return new Problem(`upstreamProxy.url ${JSON.stringify(url)} is no proxy's; ${remedy}`);
  const parsed = parseAuthority(authority);
  if (!parsed.ok) return new Problem(`upstreamProxy.url ${JSON.stringify(url)}: ${parsed.problem}; ${remedy}`);
  if (parsed.port === undefined) return new Problem(`upstreamProxy.url ${JSON.stringify(url)} has no port; ${remedy}`);
  return { host: hostText(parsed.host), port: parsed.port };
}

function authorizationOf(userPassword: string): string | Problem {
  const text = userPassword.replace(/\r?\n$/, '');
  if (!/^[^:\p{Cc}]+:[^\p{Cc}]*$/u.test(text))
    return new Problem('upstreamProxy.secretName: the value under secretKey is not user:password on one line');
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

function directEntry(text: string): string | Problem {
  const block = parseCidr(text);
  if (block.ok) return formatCidr(block.cidr);
  const pattern = parseHostPattern(text);
  if (pattern.ok) return formatHostPattern(pattern.pattern);
  const why = text.includes('/') ? block.problem : pattern.problem;
  return new Problem(
    `upstreamProxy.noProxy: ${JSON.stringify(text)} is neither a host nor a block (${why}); write corp.example, **.corp.example or 10.0.0.0/8`,
  );
}

function blockOf(text: string): string | Problem {
  const block = parseCidr(text);
  return block.ok
    ? formatCidr(block.cidr)
    : new Problem(
        `upstreamProxy.cidrs: ${JSON.stringify(text)} is no block (${block.problem}); write it like 10.1.2.3/32`,
      );
}

function addressBlock(host: string): readonly string[] {
  const block = parseCidr(`${host}/${host.includes(':') ? 128 : 32}`);
  return block.ok ? [formatCidr(block.cidr)] : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
