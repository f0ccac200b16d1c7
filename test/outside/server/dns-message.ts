// As much of DNS messages (RFC 1035) as an authoritative server of tests needs.

const dnsTypes: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  64: 'SVCB',
  65: 'HTTPS',
  255: 'ANY',
};

export interface DnsQuestion {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** Lower case, without the trailing dot. */
  readonly name: string;
  readonly type: string;
  /** The question section as it was sent, to be repeated in the answer. */
  readonly section: Buffer;
}

export type DnsData =
  | { readonly type: 'A' | 'AAAA'; readonly bytes: Buffer }
  | { readonly type: 'CNAME'; readonly name: string };

export interface DnsRecord {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly data: DnsData;
}

export interface DnsAnswer {
  readonly code: 'NOERROR' | 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED';
  readonly records: readonly DnsRecord[];
  readonly truncated?: boolean;
}

const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const typeNumbers = { A: 1, CNAME: 5, AAAA: 28 } as const;

/** The first question, or undefined when the bytes are no query. */
export function parseQuestion(message: Buffer): DnsQuestion | undefined {
  if (message.length < 17 || message.readUInt16BE(4) < 1 || (message[2] ?? 0) & 0x80) return undefined;
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63 || at + 1 + length > message.length) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length).toLowerCase());
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  const type = message.readUInt16BE(at);
  return {
    id: message.readUInt16BE(0),
    recursionDesired: ((message[2] ?? 0) & 1) === 1,
    name: labels.join('.'),
    type: dnsTypes[type] ?? `TYPE${type}`,
    section: message.subarray(12, at + 4),
  };
}

export function encodeAnswer(question: DnsQuestion, answer: DnsAnswer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(question.id, 0);
  // QR and AA; RA too, since stub resolvers ask us directly.
  const flags = 0x8480 | (answer.truncated ? 0x0200 : 0) | (question.recursionDesired ? 0x0100 : 0);
  header.writeUInt16BE(flags | codes[answer.code], 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answer.records.length, 6);
  return Buffer.concat([header, question.section, ...answer.records.map(encodeRecord)]);
}

function encodeRecord({ name, ttlSeconds, data }: DnsRecord): Buffer {
  const content = data.type === 'CNAME' ? encodeName(data.name) : data.bytes;
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(typeNumbers[data.type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttlSeconds, 4);
  fixed.writeUInt16BE(content.length, 8);
  return Buffer.concat([encodeName(name), fixed, content]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').flatMap(label => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]);
  return Buffer.concat([...(name === '' ? [] : labels), Buffer.from([0])]);
}

/** Network byte order of a valid address. */
export function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const left = groups(head);
  const right = groups(tail);
  const middle = Array.from({ length: address.includes('::') ? 8 - left.length - right.length : 0 }, () => 0);
  const bytes = Buffer.alloc(16);
  [...left, ...middle, ...right].forEach((group, index) => bytes.writeUInt16BE(group, index * 2));
  return bytes;
}

function groups(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16));
}
