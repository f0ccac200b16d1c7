import { expect, test } from 'vitest';
import { type ProxyVariables, readUpstreamProxy } from './read-upstream-proxy.ts';

const read = (change: Partial<ProxyVariables>) =>
  readUpstreamProxy({ url: 'http://Proxy.corp.example:3128', noProxy: [], cidrs: [], ...change });

test('a proxy by name, with its password and what goes around it, in canonical form', () => {
  const noProxy = ['**.Corp.example', '10.0.0.0/8', 'git.corp.example.'];
  expect(read({ userPassword: 'me:se:cret\n', noProxy, cidrs: ['10.1.2.3/32'] })).toEqual({
    ok: true,
    configured: {
      proxy: {
        host: 'proxy.corp.example',
        port: 3128,
        authorization: `Basic ${Buffer.from('me:se:cret').toString('base64')}`,
        noProxy: ['**.corp.example', '10.0.0.0/8', 'git.corp.example'],
      },
      blocks: ['10.1.2.3/32'],
    },
  });
});

test('an address says itself where it is', () => {
  expect(read({ url: 'http://10.9.8.7:8080/' })).toMatchObject({ configured: { blocks: ['10.9.8.7/32'] } });
  expect(read({ url: 'http://[fd00::1]:8080' })).toMatchObject({ configured: { blocks: ['fd00::1/128'] } });
});

test('no url is no proxy', () => {
  expect(read({ url: undefined })).toEqual({ ok: true });
  expect(read({ url: '' })).toEqual({ ok: true });
});

test.each<[string, Partial<ProxyVariables>, RegExp]>([
  ['https to the proxy', { url: 'https://proxy.example:3128' }, /upstreamProxy\.url .*write it like http:/],
  ['no port', { url: 'http://proxy.example' }, /has no port/],
  ['a path', { url: 'http://proxy.example:3128/pac' }, /upstreamProxy\.url/],
  ['an impossible name', { url: 'http://pro_xy..example:3128' }, /upstreamProxy\.url/],
  ['a password in the url', { url: 'http://me:hunter2@proxy.example:3128' }, /credentials; put user:password/],
  ['no user', { userPassword: ':x' }, /not user:password/],
  ['a second line', { userPassword: 'me:hunter2\r\nX-A: b' }, /not user:password on one line/],
  ['a star too many', { noProxy: ['*corp.example'] }, /upstreamProxy\.noProxy: "\*corp\.example"/],
  ['a block of no address', { cidrs: ['10.0.0.0/33'] }, /upstreamProxy\.cidrs: "10\.0\.0\.0\/33"/],
  ['a block with a host in it', { noProxy: ['10.1.2.3/8'] }, /neither a host nor a block \(/],
  ['exceptions of nothing', { url: '', noProxy: ['a.example'] }, /upstreamProxy\.url is missing/],
])('%s is refused by its value, and no password repeated', (_what, change, text) => {
  const result = read(change);
  expect(result).toEqual({ ok: false, problems: [expect.stringMatching(text)] });
  expect(JSON.stringify(result)).not.toContain('hunter2');
});
