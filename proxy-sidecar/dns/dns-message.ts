// DNS messages, RFC 1035: as much as a stub resolver and its server need, each read bounded.

export const types = { A: 1, PTR: 12, AAAA: 28, SVCB: 64, HTTPS: 65 } as const;
export const rcodes = { NoError: 0, FormErr: 1, ServFail: 2, NxDomain: 3, NotImp: 4, Refused: 5 } as const;

const headerBytes = 12;
const classIn = 1;

export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** As asked, labels joined by dots, without the final one; not canonical. */
  readonly name: string;
  readonly type: number;
  /** The question's bytes, repeated in the answer as they came (0x20 case included). */
  readonly question: Buffer;
}

export type ParsedQuery =
  | { readonly ok: true; readonly query: Query }
  /** Without an id there is nothing to answer. */
  | { readonly ok: false; readonly id?: number; readonly rcode: number };

/** One query with exactly one question of class IN; additional records (EDNS) are ignored. */
export function parseQuery(message: Buffer): ParsedQuery {
  if (message.length < headerBytes) return { ok: false, rcode: rcodes.FormErr };
  const id = message.readUInt16BE(0);
  const flags = message.readUInt16BE(2);
  if (flags & 0x8000) return { ok: false, rcode: rcodes.FormErr };
  if ((flags >> 11) & 0xf) return { ok: false, id, rcode: rcodes.NotImp };
  const isPlain = message.readUInt16BE(4) === 1 && message.readUInt16BE(6) === 0 && message.readUInt16BE(8) === 0;
  const read = isPlain ? readName(message, headerBytes, false) : undefined;
  if (read === undefined || read.end + 4 > message.length) return { ok: false, id, rcode: rcodes.FormErr };
  const type = message.readUInt16BE(read.end);
  if (message.readUInt16BE(read.end + 2) !== classIn) return { ok: false, id, rcode: rcodes.Refused };
  const question = message.subarray(headerBytes, read.end + 4);
  return { ok: true, query: { id, recursionDesired: (flags & 0x0100) !== 0, name: read.name, type, question } };
}

export interface Answer {
  readonly type: number;
  readonly ttlSeconds: number;
  readonly data: Buffer;
}

/** The response to a query. */
export function encodeResponse(
  { id, recursionDesired, question }: Query,
  rcode: number,
  answers: readonly Answer[] = [],
): Buffer {
  return Buffer.concat([
    header(id, recursionDesired, rcode, 1, answers.length),
    question,
    ...answers.map(encodeAnswer),
  ]);
}

/** The response to something that could not be parsed. */
export function encodeFailure(id: number, rcode: number): Buffer {
  return header(id, false, rcode, 0, 0);
}

/** A query of our own: absolute name, recursion desired. */
export function encodeQuery(id: number, name: string, type: number): Buffer {
  const head = Buffer.alloc(headerBytes);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(0x0100, 2);
  head.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(type, 0);
  tail.writeUInt16BE(classIn, 2);
  return Buffer.concat([head, encodeName(name), tail]);
}

export interface ParsedResponse {
  readonly id: number;
  readonly rcode: number;
  readonly truncated: boolean;
  readonly name: string;
  readonly type: number;
  /** Data of the answers of the asked type, reached from the asked name through at most `maxAliases` CNAMEs. */
  readonly data: readonly Buffer[];
  /** How long they hold: the shortest time of any record on the way to them; 0 when there are none. */
  readonly ttlSeconds: number;
}

const typeCname = 5;
const maxAliases = 8;
const maxRecords = 64;

/** undefined for anything malformed. */
export function parseResponse(message: Buffer): ParsedResponse | undefined {
  if (message.length < headerBytes) return undefined;
  const flags = message.readUInt16BE(2);
  const count = message.readUInt16BE(6);
  if (!(flags & 0x8000) || message.readUInt16BE(4) !== 1 || count > maxRecords) return undefined;
  const question = readName(message, headerBytes, true);
  if (question === undefined || question.end + 4 > message.length) return undefined;
  const type = message.readUInt16BE(question.end);
  const records = readRecords(message, question.end + 4, count);
  if (records === undefined) return undefined;
  return {
    id: message.readUInt16BE(0),
    rcode: flags & 0xf,
    truncated: (flags & 0x0200) !== 0,
    name: question.name.toLowerCase(),
    type,
    ...follow(records, question.name.toLowerCase(), type),
  };
}

interface ResourceRecord {
  readonly name: string;
  readonly type: number;
  readonly ttlSeconds: number;
  readonly data: Buffer;
  readonly alias?: string;
}

function readRecords(message: Buffer, from: number, count: number): ResourceRecord[] | undefined {
  const records: ResourceRecord[] = [];
  let at = from;
  for (let index = 0; index < count; index++) {
    const owner = readName(message, at, true);
    if (owner === undefined || owner.end + 10 > message.length) return undefined;
    const type = message.readUInt16BE(owner.end);
    const start = owner.end + 10;
    const end = start + message.readUInt16BE(owner.end + 8);
    if (end > message.length) return undefined;
    const alias = type === typeCname ? readName(message, start, true) : undefined;
    if (type === typeCname && alias === undefined) return undefined;
    records.push({
      name: owner.name.toLowerCase(),
      type,
      ttlSeconds: readTtl(message, owner.end + 4),
      data: message.subarray(start, end),
      ...(alias === undefined ? {} : { alias: alias.name.toLowerCase() }),
    });
    at = end;
  }
  return records;
}

/** RFC 2181, 8: with the topmost bit set it means nothing. */
function readTtl(message: Buffer, at: number): number {
  const seconds = message.readUInt32BE(at);
  return seconds > 0x7fff_ffff ? 0 : seconds;
}

function follow(
  records: readonly ResourceRecord[],
  asked: string,
  type: number,
): Pick<ParsedResponse, 'data' | 'ttlSeconds'> {
  let name = asked;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (let hops = 0; hops <= maxAliases; hops++) {
    const found = records.filter(record => record.name === name && record.type === type);
    if (found.length > 0)
      return {
        data: found.map(record => record.data),
        ttlSeconds: Math.min(ttlSeconds, ...found.map(record => record.ttlSeconds)),
      };
    const alias = records.find(record => record.name === name && record.alias !== undefined);
    if (alias?.alias === undefined) break;
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
    name = alias.alias;
  }
  return { data: [], ttlSeconds: 0 };
}

function header(id: number, recursionDesired: boolean, rcode: number, questions: number, answers: number): Buffer {
  const head = Buffer.alloc(headerBytes);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(0x8080 | (recursionDesired ? 0x0100 : 0) | rcode, 2);
  head.writeUInt16BE(questions, 4);
  head.writeUInt16BE(answers, 6);
  return head;
}

function encodeAnswer({ type, ttlSeconds, data }: Answer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | headerBytes, 0); // the question's name
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(classIn, 4);
  head.writeUInt32BE(ttlSeconds, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** Wire form of a canonical name. */
export function encodeName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([
    ...labels.flatMap(label => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    Buffer.from([0]),
  ]);
}

/** Labels as latin1 text. Compression pointers must point backwards, so that reading always ends. */
function readName(message: Buffer, from: number, compressed: boolean): { name: string; end: number } | undefined {
  const labels: string[] = [];
  let at = from;
  let end: number | undefined;
  let lowest = from;
  let total = 0;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return { name: labels.join('.'), end: end ?? at + 1 };
    if (length >= 0xc0) {
      const low = message[at + 1];
      if (!compressed || low === undefined) return undefined;
      const target = ((length & 0x3f) << 8) | low;
      if (target >= lowest) return undefined;
      end ??= at + 2;
      lowest = target;
      at = target;
      continue;
    }
    if (length > 63 || at + 1 + length > message.length) return undefined;
    total += length + 1;
    if (total > 254) return undefined;
    const label = message.toString('latin1', at + 1, at + 1 + length);
    if (label.includes('.')) return undefined;
    labels.push(label);
    at += 1 + length;
  }
}
