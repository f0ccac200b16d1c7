import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerQuery, type DnsContext } from './answer-query.ts';
import { encodeName, encodeQuery, parseQuery, parseResponse, rcodes, types } from './dns-message.ts';
import { createNameBudget } from './name-budget.ts';
import { createSyntheticNames } from './synthetic-names.ts';

const range = '28.64.0.0/14';
const context = (known: readonly string[] = [], more: Partial<DnsContext> = {}): DnsContext => ({
  names: createSyntheticNames(range, 'ns/sandbox', [], () => undefined),
  knowsName: name => known.includes(name),
  isWild: () => false,
  admitNew: () => true,
  ...more,
});

function ask(name: string, type: number, dns: DnsContext) {
  const answer = answerQuery(encodeQuery(77, name, type), dns);
  if (answer === undefined) throw new Error('no answer');
  const parsed = parseResponse(answer);
  if (parsed === undefined) throw new Error('an answer that cannot be parsed');
  expect(parsed.id).toBe(77);
  return { rcode: parsed.rcode, addresses: parsed.data.map(data => [...data].join('.')) };
}

describe('names', () => {
  const dns = context(['db.internal', 'printer']);
  test.each([
    ['api.example.com', types.A, rcodes.NoError, 1],
    ['API.Example.COM', types.A, rcodes.NoError, 1],
    ['inference.local', types.A, rcodes.NoError, 1],
    ['db.internal', types.A, rcodes.NoError, 1],
    ['printer', types.A, rcodes.NoError, 1],
    ['api.example.com', types.AAAA, rcodes.NoError, 0],
    ['api.example.com', types.HTTPS, rcodes.NoError, 0],
    ['api.example.com', types.SVCB, rcodes.NoError, 0],
    ['api.example.com', 16, rcodes.Refused, 0],
    ['api.example.com', 255, rcodes.Refused, 0],
    ['other.internal', types.A, rcodes.NxDomain, 0],
    ['kubernetes', types.A, rcodes.NxDomain, 0],
    ['host.local', types.A, rcodes.NxDomain, 0],
    ['a_b.example.com', types.A, rcodes.NxDomain, 0],
    ['10.0.0.1', types.A, rcodes.NxDomain, 0],
    ['xn--9ca.example.com', types.A, rcodes.NoError, 1],
    // Letters outside ASCII: no name on this wire holds any.
    ['é.example.com', types.A, rcodes.NxDomain, 0],
    ['a b.example.com', types.A, rcodes.NxDomain, 0],
    ['', types.A, rcodes.NxDomain, 0],
  ])('D04, D15, D20 %s, type %i: rcode %i and %i addresses', (name, type, rcode, count) => {
    const answer = ask(name, type, dns);
    expect(answer.rcode).toBe(rcode);
    expect(answer.addresses).toHaveLength(count);
  });

  test('D20 the same name has one address, however it is written, and the address leads back', () => {
    const [address] = ask('Api.Example.com', types.A, dns).addresses;
    expect(ask('api.example.COM', types.A, dns).addresses).toEqual([address]);
    expect(address).toMatch(/^28\.(6[4-7])\./);
    const pointer = answerQuery(
      encodeQuery(1, `${address?.split('.').toReversed().join('.')}.in-addr.arpa`, types.PTR),
      dns,
    );
    expect(parseResponse(pointer ?? Buffer.alloc(0))?.data).toEqual([encodeName('api.example.com')]);
    expect(ask('9.9.9.9.in-addr.arpa', types.PTR, dns).rcode).toBe(rcodes.NxDomain);
  });
});

const isWild = (name: string) => name.endsWith('.wild.example');
const longLabel = (index: number) => String(index).padStart(63, 'x');
/** How many of so many new names got an address. */
function spell(dns: DnsContext, count: number, from = 0): number {
  const names = Array.from({ length: count }, (_, index) => `${longLabel(from + index)}.${longLabel(0)}.wild.example`);
  return names.filter(name => ask(name, types.A, dns).addresses.length === 1).length;
}

describe('D03 names below a listed wildcard', () => {
  let nowMs = 0;

  test('a thousand new ones in a minute are three hundred, then SERVFAIL, and it is said once', () => {
    const told: string[] = [];
    const dns = context([], {
      isWild,
      admitNew: createNameBudget(
        () => nowMs,
        name => void told.push(name),
      ),
    });
    expect(spell(dns, 1000)).toBe(300);
    expect(ask('one-more.wild.example', types.A, dns).rcode).toBe(rcodes.ServFail);
    expect(told).toHaveLength(1);
    // What was answered before is answered again, and names that no wildcard covers cost nothing.
    expect(spell(dns, 300)).toBe(300);
    expect(ask('api.example.com', types.A, dns).rcode).toBe(rcodes.NoError);
    nowMs += 60_000;
    expect(spell(dns, 1000, 5000)).toBe(300);
    expect(told).toHaveLength(2);
  });

  test('positive control: without the budget each of them gets an address', () => {
    expect(spell(context([], { isWild }), 1000)).toBe(1000);
  });
});

describe('malformed messages', () => {
  const query = encodeQuery(5, 'api.example.com', types.A);
  const changed = (at: number, ...bytes: number[]) => {
    const copy = Buffer.from(query);
    copy.set(bytes, at);
    return copy;
  };
  test.each<[string, Buffer, number | undefined]>([
    ['nothing', Buffer.alloc(0), undefined],
    ['half a header', query.subarray(0, 11), undefined],
    ['a response', changed(2, 0x81), undefined],
    ['no question', changed(4, 0, 0), rcodes.FormErr],
    ['65535 questions', changed(4, 0xff, 0xff), rcodes.FormErr],
    ['an answer inside', changed(6, 0, 1), rcodes.FormErr],
    ['another opcode', changed(2, 0x28), rcodes.NotImp],
    ['a name that points to itself', changed(12, 0xc0, 12), rcodes.FormErr],
    ['a label beyond the end', changed(12, 63), rcodes.FormErr],
    ['a cut question', query.subarray(0, query.length - 1), rcodes.FormErr],
    ['class CHAOS', changed(query.length - 1, 3), rcodes.Refused],
  ])('%s', (_what, message, rcode) => {
    const answer = answerQuery(message, context());
    expect(answer === undefined ? undefined : answer.readUInt16BE(2) & 0xf).toBe(rcode);
  });

  test('D13 no bytes make parser or answer throw', () => {
    const dns = context();
    const mutated = fc.tuple(fc.nat(query.length - 1), fc.nat(255), fc.nat(query.length)).map(([at, byte, length]) => {
      const copy = Buffer.from(query);
      copy[at] = byte;
      return copy.subarray(0, length);
    });
    fc.assert(
      fc.property(
        fc.oneof(
          mutated,
          fc.uint8Array({ maxLength: 512 }).map(bytes => Buffer.from(bytes)),
        ),
        bytes => {
          answerQuery(bytes, dns);
          parseResponse(bytes);
          parseQuery(bytes);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

const resource = (owner: string, type: number, data: Buffer) => {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(owner), fixed, data]);
};

/** `name CNAME name CNAME … A`, uncompressed. */
function chain(hops: number): Buffer {
  const question = encodeQuery(9, 'h0.example.com', types.A);
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(hops + 1, 6);
  const aliases = Array.from({ length: hops }, (_, hop) =>
    resource(`h${hop}.example.com`, 5, encodeName(`h${hop + 1}.example.com`)),
  );
  return Buffer.concat([head, ...aliases, resource(`h${hops}.example.com`, types.A, Buffer.from([1, 2, 3, 4]))]);
}

describe('responses', () => {
  test('D09 a short chain of aliases is followed, a long one leads nowhere', () => {
    expect(parseResponse(chain(8))?.data).toHaveLength(1);
    expect(parseResponse(chain(9))?.data).toHaveLength(0);
  });
  test('an address of another name is not the answer', () => {
    const other = chain(0);
    other.write('x', 13);
    expect(parseResponse(Buffer.concat([other]))?.data).toHaveLength(0);
  });
});

describe('synthetic addresses', () => {
  test('are the same after a restart, and others for another sandbox', () => {
    const given: (readonly [string, string])[] = [];
    const first = createSyntheticNames(range, 'ns/a', [], added => given.push(added));
    const names = Array.from({ length: 500 }, (_, index) => `host${index}.example.com`);
    const addresses = names.map(name => first.addressOf(name));
    expect(new Set(addresses).size).toBe(500);
    const again = createSyntheticNames(range, 'ns/a', given, () => undefined);
    expect(given.map(([address]) => again.nameOf(address))).toEqual(names);
    const other = createSyntheticNames(range, 'ns/b', [], () => undefined);
    expect(names.map(name => other.addressOf(name))).not.toEqual(addresses);
  });
  test('names whose hashes meet get different addresses, and a full block none', () => {
    const tiny = createSyntheticNames('28.64.0.0/29', 'ns/a', [], () => undefined);
    const given = Array.from({ length: 6 }, (_, index) => tiny.addressOf(`h${index}.example.com`));
    expect(new Set(given).size).toBe(6);
    expect(given).not.toContain('28.64.0.0');
    expect(given).not.toContain('28.64.0.7');
    expect(tiny.addressOf('one.more.example.com')).toBeUndefined();
    expect(tiny.addressOf('h3.example.com')).toBe(given[3]);
  });
  describe('a full table', () => {
    const count = 16_384;
    const minute = 60_000;
    const fill = () => {
      let nowMs = 0;
      const kept: (readonly [string, string])[] = [];
      const names = createSyntheticNames(
        range,
        'ns/a',
        [],
        added => kept.push(added),
        () => nowMs,
      );
      const given = Array.from({ length: count }, (_, index) => names.addressOf(`h${index}.example.com`) ?? '');
      return { names, given, kept, wait: (ms: number) => (nowMs += ms) };
    };
    test('R15 gives no address away that was used within ten minutes', () => {
      const { names, given, wait } = fill();
      expect(new Set(given).size).toBe(count);
      wait(9 * minute);
      expect(names.addressOf('one.more.example.com')).toBeUndefined();
      expect(names.nameOf(given[0] ?? '')).toBe('h0.example.com');
    });
    test('then lets the longest unused name go; its address means nothing, and what is in use stays', () => {
      const { names, given, kept, wait } = fill();
      wait(9 * minute);
      names.nameOf(given[0] ?? '');
      names.addressOf('h1.example.com');
      wait(2 * minute);
      const more = Array.from({ length: 1000 }, (_, index) => names.addressOf(`more${index}.example.com`) ?? '');
      expect(new Set([...given, ...more]).size).toBe(count + 1000);
      expect(names.size).toBe(count);
      expect(names.nameOf(given[0] ?? '')).toBe('h0.example.com');
      expect(names.nameOf(given[1] ?? '')).toBe('h1.example.com');
      expect(given.slice(2, 1002).map(address => names.nameOf(address))).toEqual(
        Array.from({ length: 1000 }, () => undefined),
      );
      // After a restart what was written last counts.
      const again = createSyntheticNames(range, 'ns/a', kept, () => undefined);
      expect(more.map(address => again.nameOf(address))).toEqual(more.map(address => names.nameOf(address)));
    });
  });
  test('D16 what was never given out means nothing', () => {
    const names = createSyntheticNames(range, 'ns/a', [['9.9.9.9', 'outside.example.com']], () => undefined);
    expect(names.nameOf('28.64.0.1')).toBeUndefined();
    expect(names.nameOf('9.9.9.9')).toBeUndefined();
    expect(names.nameOf('28.64.0.1x')).toBeUndefined();
  });
});
