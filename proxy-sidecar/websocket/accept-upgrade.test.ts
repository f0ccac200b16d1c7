import { describe, expect, test } from 'vitest';
import { headerField, valuesOf } from '../http/header-fields.ts';
import { acceptUpgrade, acceptValue, type Upgrade, verifySwitch } from './accept-upgrade.ts';

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const good: Readonly<Record<string, string>> = {
  Connection: 'keep-alive, Upgrade',
  Upgrade: 'WebSocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': key,
};

function fieldsOf(record: Readonly<Record<string, string | readonly string[] | undefined>>) {
  return Object.entries(record).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map(each => headerField(name, each)),
  );
}

function accept(changes: Readonly<Record<string, string | readonly string[] | undefined>> = {}, request = {}) {
  const fields = fieldsOf({ ...good, ...changes });
  return acceptUpgrade({ method: 'GET', version: '1.1', hasBody: false, fields, ...request });
}

describe('a WebSocket handshake of the client', () => {
  test('is accepted, and written anew for upstream without extensions', () => {
    const offered = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
    const accepted = accept({ ...offered, 'Sec-WebSocket-Protocol': 'chat, Super' });
    expect(accepted).toMatchObject({ ok: true, upgrade: { key, protocols: ['chat', 'Super'] } });
    const fields = accepted.ok ? accepted.upgrade.fields : [];
    expect(fields.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      'Sec-WebSocket-Protocol: chat, Super',
    ]);
  });

  test.each([
    ['no Upgrade', { Upgrade: undefined }, {}, 'NoUpgrade'],
    ['H20: h2c', { Upgrade: 'h2c' }, {}, 'NoUpgrade'],
    ['H20: h2c beside it', { Upgrade: 'websocket, h2c' }, {}, 'BadUpgrade'],
    ['two Upgrade fields', { Upgrade: ['websocket', 'websocket'] }, {}, 'BadUpgrade'],
    ['Connection does not name it', { Connection: 'keep-alive' }, {}, 'BadUpgrade'],
    ['Connection names something alike', { Connection: 'Upgrade-Insecure' }, {}, 'BadUpgrade'],
    ['HTTP/1.0', {}, { version: '1.0' }, 'BadUpgrade'],
    ['H25: POST', {}, { method: 'POST' }, 'BadMethod'],
    ['a body', {}, { hasBody: true }, 'HasBody'],
    ['H27: version 12', { 'Sec-WebSocket-Version': '12' }, {}, 'BadVersion'],
    ['H27: two versions', { 'Sec-WebSocket-Version': ['13', '8'] }, {}, 'BadVersion'],
    ['H27: no version', { 'Sec-WebSocket-Version': undefined }, {}, 'BadVersion'],
    ['no key', { 'Sec-WebSocket-Key': undefined }, {}, 'BadKey'],
    ['two keys', { 'Sec-WebSocket-Key': [key, key] }, {}, 'BadKey'],
    ['15 bytes of key', { 'Sec-WebSocket-Key': Buffer.alloc(15).toString('base64') }, {}, 'BadKey'],
    ['key without padding', { 'Sec-WebSocket-Key': key.slice(0, 22) }, {}, 'BadKey'],
    ['key with loose bits', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZR==' }, {}, 'BadKey'],
    ['key of another alphabet', { 'Sec-WebSocket-Key': `-_${key.slice(2)}` }, {}, 'BadKey'],
    ['a protocol twice', { 'Sec-WebSocket-Protocol': 'a, a' }, {}, 'BadProtocols'],
    ['an empty protocol', { 'Sec-WebSocket-Protocol': 'a,,b' }, {}, 'BadProtocols'],
    ['a protocol with a space', { 'Sec-WebSocket-Protocol': 'a b' }, {}, 'BadProtocols'],
  ])('with %s is no WebSocket', (_what, changes, request, problem) =>
    expect(accept(changes, request)).toEqual({ ok: false, problem }),
  );
});

describe("upstream's 101", () => {
  const upgrade: Upgrade = { key, protocols: ['chat'], fields: [] };
  const answer = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Accept': acceptValue(key) };
  const verify = (changes: Readonly<Record<string, string | readonly string[] | undefined>>) =>
    verifySwitch(fieldsOf({ ...answer, ...changes }), upgrade);

  test('proves the key of RFC 6455, 1.3', () => expect(acceptValue(key)).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo='));

  test('is accepted, with and without a protocol that was offered', () => {
    expect(verify({})).toMatchObject({ ok: true });
    const chosen = verify({ 'Sec-WebSocket-Protocol': 'chat' });
    expect(chosen).toMatchObject({ ok: true, protocol: 'chat' });
    expect(chosen.ok && valuesOf(chosen.fields, 'sec-websocket-accept')).toEqual([acceptValue(key)]);
  });

  test.each([
    ['H27: a wrong accept', { 'Sec-WebSocket-Accept': acceptValue('x') }, 'BadAccept'],
    ['H27: no accept', { 'Sec-WebSocket-Accept': undefined }, 'BadAccept'],
    ['H27: two accepts', { 'Sec-WebSocket-Accept': [acceptValue(key), acceptValue(key)] }, 'BadAccept'],
    ['H25: another protocol', { Upgrade: 'h2c' }, 'BadUpgrade'],
    ['H25: no Connection', { Connection: undefined }, 'BadUpgrade'],
    ['an extension nobody offered', { 'Sec-WebSocket-Extensions': 'permessage-deflate' }, 'UnofferedExtension'],
    ['a protocol nobody offered', { 'Sec-WebSocket-Protocol': 'Chat' }, 'UnofferedProtocol'],
    ['a length', { 'Content-Length': '4' }, 'HasBody'],
  ])('with %s is refused', (_what, changes, problem) => expect(verify(changes)).toEqual({ ok: false, problem }));
});
