import type { Zone, ZoneEntry } from '../control-protocol.ts';
import { addressBytes, type DnsAnswer, type DnsQuestion, type DnsRecord } from './dns-message.ts';

const maxAliases = 8;

export type Resolution = { readonly kind: 'silent' } | { readonly kind: 'answer'; readonly answer: DnsAnswer };

/** What the zone says about a question. Names the zone does not cover do not exist. */
export function resolveName(zone: Zone, question: DnsQuestion, transport: 'udp' | 'tcp'): Resolution {
  const entry = lookUp(zone, question.name);
  if (entry?.failure === 'SILENT') return { kind: 'silent' };
  if (entry?.failure !== undefined) return answer({ code: entry.failure, records: [] });
  if (entry === undefined) return answer({ code: 'NXDOMAIN', records: [] });
  if (entry.truncateUdp && transport === 'udp') return answer({ code: 'NOERROR', records: [], truncated: true });
  return answer({ code: 'NOERROR', records: recordsOf(zone, question) });
}

function answer(value: DnsAnswer): Resolution {
  return { kind: 'answer', answer: value };
}

/** Follows aliases within the zone. */
function recordsOf(zone: Zone, { name: asked, type }: DnsQuestion): readonly DnsRecord[] {
  const records: DnsRecord[] = [];
  let name = asked;
  for (let hop = 0; hop < maxAliases; hop++) {
    const entry = lookUp(zone, name);
    const ttlSeconds = entry?.ttlSeconds ?? 60;
    if (entry?.cname === undefined) {
      for (const address of entry?.addresses ?? []) {
        const family = address.includes(':') ? 'AAAA' : 'A';
        if (family === type) records.push({ name, ttlSeconds, data: { type: family, bytes: addressBytes(address) } });
      }
      return records;
    }
    records.push({ name, ttlSeconds, data: { type: 'CNAME', name: entry.cname } });
    if (type === 'CNAME') return records;
    name = entry.cname;
  }
  return records;
}

function lookUp(zone: Zone, name: string): ZoneEntry | undefined {
  const own = (key: string) => (Object.hasOwn(zone, key) ? zone[key] : undefined);
  const exact = own(name);
  if (exact !== undefined) return exact;
  const labels = name.split('.');
  for (let depth = 1; depth < labels.length; depth++) {
    const wildcard = own(`*.${labels.slice(depth).join('.')}`);
    if (wildcard !== undefined) return wildcard;
  }
  return own('*');
}
