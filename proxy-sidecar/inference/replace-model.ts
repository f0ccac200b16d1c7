// Replaces the model in a request's JSON by scanning its bytes: everything else goes on exactly as the client wrote it.

export type ModelReplacement =
  | {
      readonly ok: true;
      /** The body in pieces, none copied but the model. */
      readonly pieces: readonly Buffer[];
      readonly wantsStream: boolean;
      readonly wantsUsage: boolean;
    }
  | {
      readonly ok: false;
      readonly problem:
        | 'NotAnObject'
        | 'Unterminated'
        | 'DuplicateKey'
        | 'ModelNotAString'
        | 'BadKey'
        | 'TooManyMembers';
    };

interface Member {
  readonly key: string;
  /** Of the value, without blanks around it. */
  readonly start: number;
  readonly end: number;
}

/** No call has as many; a million of them would hold up everything else for a second. */
const maxMembers = 1024;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const open = 0x7b;
const close = 0x7d;

/** Two equal keys are refused: two readers could take either. Absent, the model is put in front. */
export function replaceModel(body: Buffer, model: string): ModelReplacement {
  const scanned = scanMembers(body);
  if (!Array.isArray(scanned)) return scanned;
  const keys = new Set(scanned.map(({ key }) => key));
  if (keys.size !== scanned.length) return { ok: false, problem: 'DuplicateKey' };
  const valueOf = (key: string) => {
    const member = scanned.find(candidate => candidate.key === key);
    return member === undefined ? undefined : body.toString('utf8', member.start, member.end);
  };
  const options = {
    wantsStream: valueOf('stream') === 'true',
    wantsUsage: /"include_usage"\s*:\s*true/.test(valueOf('stream_options') ?? ''),
  };
  const json = Buffer.from(JSON.stringify(model));
  const member = scanned.find(({ key }) => key === 'model');
  if (member !== undefined) {
    if (body[member.start] !== quote) return { ok: false, problem: 'ModelNotAString' };
    return { ok: true, pieces: [body.subarray(0, member.start), json, body.subarray(member.end)], ...options };
  }
  const inside = body.indexOf(open) + 1;
  const field = Buffer.from(`"model":${json.toString()}${scanned.length > 0 ? ',' : ''}`);
  return { ok: true, pieces: [body.subarray(0, inside), field, body.subarray(inside)], ...options };
}

/** Members of the outermost object. Values are skipped, not checked: whether they are sound is upstream's question. */
function scanMembers(body: Buffer): Member[] | Extract<ModelReplacement, { ok: false }> {
  const members: Member[] = [];
  let at = skipBlanks(body, 0);
  if (body[at] !== open) return { ok: false, problem: 'NotAnObject' };
  at = skipBlanks(body, at + 1);
  if (body[at] === close) return endsAfter(body, at) ? members : { ok: false, problem: 'NotAnObject' };
  for (;;) {
    if (members.length >= maxMembers) return { ok: false, problem: 'TooManyMembers' };
    const keyEnd = body[at] === quote ? endOfString(body, at) : -1;
    if (keyEnd < 0) return { ok: false, problem: 'BadKey' };
    const key = decodeKey(body.toString('utf8', at, keyEnd));
    const colonAt = skipBlanks(body, keyEnd);
    if (key === undefined || body[colonAt] !== colon) return { ok: false, problem: 'BadKey' };
    const start = skipBlanks(body, colonAt + 1);
    const end = endOfValue(body, start);
    if (end < 0) return { ok: false, problem: 'Unterminated' };
    members.push({ key, start, end: trimEnd(body, start, end) });
    if (body[end] === close) return endsAfter(body, end) ? members : { ok: false, problem: 'NotAnObject' };
    at = skipBlanks(body, end + 1);
  }
}

/** Escapes are undone, so that `mod\u0065l` is the same key. */
function decodeKey(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    // The one way JSON.parse has to say that an escape is none.
    return undefined;
  }
}

/** Index behind the closing quote, or -1. */
function endOfString(body: Buffer, from: number): number {
  let at = from + 1;
  for (;;) {
    const end = body.indexOf(quote, at);
    if (end < 0) return -1;
    let slashes = 0;
    while (body[end - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
    at = end + 1;
  }
}

/** Index of the comma or brace that ends the value, or -1. */
function endOfValue(body: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < body.length; at++) {
    const byte = body[at];
    if (byte === quote) {
      const end = endOfString(body, at);
      if (end < 0) return -1;
      at = end - 1;
    } else if (byte === open || byte === 0x5b) depth++;
    else if (depth === 0 && (byte === comma || byte === close)) return at;
    else if (byte === close || byte === 0x5d) depth--;
  }
  return -1;
}

function skipBlanks(body: Buffer, from: number): number {
  let at = from;
  while (isBlank(body[at])) at++;
  return at;
}

function trimEnd(body: Buffer, start: number, from: number): number {
  let end = from;
  while (end > start && isBlank(body[end - 1])) end--;
  return end;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function endsAfter(body: Buffer, at: number): boolean {
  return skipBlanks(body, at + 1) === body.length;
}
