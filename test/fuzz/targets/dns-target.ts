import assert from 'node:assert/strict';
import { answerQuery, type DnsContext } from '../../../proxy-sidecar/dns/answer-query.ts';
import { encodeName, parseQuery, parseResponse } from '../../../proxy-sidecar/dns/dns-message.ts';
import { createSyntheticNames } from '../../../proxy-sidecar/dns/synthetic-names.ts';
import { corpusOf, type FuzzTarget } from '../fuzz-target.ts';

/** Queries and answers: what was read, written again, is what came; an answer's addresses lie in the message. */
export const dnsTarget: FuzzTarget = {
  name: 'dns',
  corpus: corpusOf('dns'),
  tokens: ['\xc0\x0c', '\xc0\x00', '\x3f', '\x40', '\x00', '\x00\x01\x00\x01', '\x07example', '\xff\xff'],
  check: bytes => {
    const query = parseQuery(bytes);
    if (query.ok) {
      const { name, question } = query.query;
      assert.deepEqual(question.subarray(0, -4), encodeName(name));
      assert.ok(name.length <= 253);
    }
    const answer = answerQuery(bytes, context());
    if (answer !== undefined) assert.equal(answer.readUInt16BE(0), bytes.readUInt16BE(0));
    const response = parseResponse(bytes);
    if (response === undefined) return;
    assert.ok(response.data.length <= 64);
    assert.equal(response.name, response.name.toLowerCase());
    for (const data of response.data) assert.ok(bytes.includes(data));
    assert.deepEqual(response.data, referenceData(bytes, response.name, response.type));
  },
};

/** A table of its own for each: a million names are no sandbox's. */
function context(): DnsContext {
  const names = createSyntheticNames('28.64.0.0/24', 'ns/sandbox', [], () => undefined);
  return { names, knowsName: () => false, isWild: () => false, admitNew: () => true };
}

/** Data of the asked type, following at most eight aliases, by walking the whole message anew for every hop. */
function referenceData(message: Buffer, asked: string, type: number): Buffer[] {
  let name = asked;
  for (let hops = 0; hops <= 8; hops++) {
    const found: Buffer[] = [];
    let alias: string | undefined;
    let at = nameAt(message, 12).end + 4;
    for (let left = message.readUInt16BE(6); left > 0; left--) {
      const owner = nameAt(message, at);
      const start = owner.end + 10;
      const data = message.subarray(start, start + message.readUInt16BE(owner.end + 8));
      if (owner.name === name && message.readUInt16BE(owner.end) === type) found.push(data);
      else if (owner.name === name && message.readUInt16BE(owner.end) === 5) alias ??= nameAt(message, start).name;
      at = start + data.length;
    }
    if (found.length > 0) return found;
    if (alias === undefined) return [];
    name = alias;
  }
  return [];
}

function nameAt(message: Buffer, at: number): { readonly name: string; readonly end: number } {
  const length = message.readUInt8(at);
  if (length === 0) return { name: '', end: at + 1 };
  if (length >= 0xc0) return { name: nameAt(message, message.readUInt16BE(at) & 0x3fff).name, end: at + 2 };
  const rest = nameAt(message, at + 1 + length);
  const label = message.toString('latin1', at + 1, at + 1 + length).toLowerCase();
  return { name: rest.name === '' ? label : `${label}.${rest.name}`, end: rest.end };
}
