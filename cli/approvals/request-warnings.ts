// What a person should look twice at before approving. Hints only: nothing is refused for them. Pure.
import { getDomainWithoutSuffix, getPublicSuffix } from 'tldts';
import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import { parseIp } from '../../engine/canonical/ip.ts';
import { isWithinDistance } from './edit-distance.ts';

/** Where anybody may leave text or files for anybody. */
const dropSites = [
  'pastebin.com',
  'hastebin.com',
  'paste.ee',
  'dpaste.org',
  'dpaste.com',
  'rentry.co',
  'ghostbin.com',
  'termbin.com',
  'ix.io',
  '0x0.st',
  'transfer.sh',
  'file.io',
  'gofile.io',
  'wetransfer.com',
  'anonfiles.com',
  'catbox.moe',
  'tmpfiles.org',
  'gist.github.com',
  'webhook.site',
  'requestbin.com',
  'pipedream.net',
  'ngrok.io',
  'ngrok.app',
  'ngrok-free.app',
  'trycloudflare.com',
  'serveo.net',
  'discordapp.com',
  'interact.sh',
  'oastify.com',
  'burpcollaborator.net',
];
/** Resolvers that answer over HTTPS or TLS: a way round synthetic DNS, and a tunnel. */
const resolvers = [
  'dns.google',
  'cloudflare-dns.com',
  'one.one.one.one',
  'dns.quad9.net',
  'doh.opendns.com',
  'dns.adguard.com',
  'dns.adguard-dns.com',
  'dns.nextdns.io',
  'doh.cleanbrowsing.org',
  'mullvad.net',
  'doh.pub',
  'dns.alidns.com',
];
/** Names that are imitated, and the public suffixes under which they are themselves. */
const imitated: Readonly<Record<string, readonly string[]>> = {
  github: ['com', 'io', 'dev', 'blog'],
  gitlab: ['com', 'io'],
  bitbucket: ['org', 'io'],
  google: ['com', 'dev'],
  googleapis: ['com'],
  microsoft: ['com'],
  amazonaws: ['com'],
  npmjs: ['com', 'org'],
  pypi: ['org', 'io'],
  docker: ['com', 'io'],
  openai: ['com'],
  anthropic: ['com'],
  nvidia: ['com'],
  huggingface: ['co', 'com'],
  slack: ['com'],
  discord: ['com', 'gg'],
  telegram: ['org', 'me'],
  atlassian: ['com', 'net'],
  cloudflare: ['com', 'net'],
  stackoverflow: ['com'],
  kubernetes: ['io'],
  debian: ['org'],
  ubuntu: ['com'],
  python: ['org'],
  nodejs: ['org'],
  rubygems: ['org'],
  golang: ['org'],
  mozilla: ['org', 'com'],
  wikipedia: ['org'],
  paypal: ['com'],
};
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

export function requestWarnings({ spec: { egress } }: Pick<ApprovalRequest, 'spec'>): readonly string[] {
  if (egress === undefined) return [];
  const { host, port, binary } = egress;
  return [
    ...hostWarnings(host),
    ...(unusualPorts[port] === undefined
      ? []
      : [`port ${port} (${unusualPorts[port]}): what is sent is not looked into`]),
    ...(binary !== undefined && interpreters.test(binary.path)
      ? [`${binary.path} runs scripts: approved for it is approved for every script`]
      : []),
  ];
}

function hostWarnings(host: string): string[] {
  if (parseIp(host) !== undefined) return ['an address and not a name: nothing says whose it is'];
  const like = imitatedBy(host);
  return [
    ...(isBelow(host, dropSites) ? ['anybody can leave data there for anybody'] : []),
    ...(isBelow(host, resolvers) ? ['a DNS resolver: a way round the checks of names'] : []),
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
