// Sites and names that a person should look twice at. Hints only: nothing is refused for them.

/** Where anybody may leave text or files for anybody. */
export const dropSites: readonly string[] = [
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
export const resolvers: readonly string[] = [
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
export const imitated: Readonly<Record<string, readonly string[]>> = {
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
/** Top-level names that cost next to nothing: most throwaway domains are below them. */
export const cheapTopLevels: readonly string[] =
  'top xyz click icu rest cyou cfd sbs buzz zip mov tk ml ga cf gq'.split(' ');
/** Names that anybody points at any address. */
export const dynamicNames: readonly string[] =
  'duckdns.org no-ip.org ddns.net dynu.net hopto.org zapto.org nip.io sslip.io xip.io'.split(' ');
