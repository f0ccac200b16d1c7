import { expect, test } from 'vitest';
import { defaultRouteInterface, reachableNameServers } from './machine-network.ts';

test.each([
  ['none', '[]', undefined],
  ['no output at all', '', undefined],
  ['one', '[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]}]', 'eth0'],
  ['two', '[{"dst":"default","dev":"wlan0","metric":600},{"dst":"default","dev":"eth0","metric":100}]', 'eth0'],
  ['one without a metric, which beats all', '[{"dev":"wlan0","metric":600},{"dev":"tun0"}]', 'tun0'],
  ['one of many next hops, which has no interface of its own', '[{"dst":"default","nexthops":[]}]', undefined],
])('of default routes (%s) the preferred one is taken', (_what, json, uplink) => {
  expect(defaultRouteInterface(json)).toBe(uplink);
});

test('resolvers on loopback, of IPv6 and in comments are of no use to a namespace', () => {
  const conf =
    '# nameserver 192.0.2.9\nnameserver 127.0.0.53\nnameserver ::1\nnameserver 192.0.2.53 \nnameserver\t192.0.2.54\n';
  expect(reachableNameServers(conf)).toEqual(['192.0.2.53', '192.0.2.54']);
});
