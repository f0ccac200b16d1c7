import { expect, test } from 'vitest';
import { ClusterError } from '../base/cluster-error.ts';
import { type Host, requireHost } from './require-host.ts';

const good: Host = { platform: 'linux', uid: 0, path: process.env['PATH'] ?? '', hasIpv6: true };

test.each<[what: string, host: Partial<Host>, message: RegExp]>([
  [
    'another system than Linux',
    { platform: 'darwin' },
    /needs Linux, and this is darwin: run in a Linux virtual machine/,
  ],
  ['a user who is not root', { uid: 1000 }, /needs root: run the command again with sudo/],
  ['a system whose user is unknown', { uid: undefined }, /needs root/],
  ['a PATH without the tools', { path: '/nowhere' }, /Not found on PATH: ip, nsenter, .*apt-get install iproute2/],
  ['a kernel without IPv6', { hasIpv6: false }, /without ipv6\.disable=1/],
])('%s is refused with the remedy', (_what, host, message) => {
  expect(() => requireHost({ ...good, ...host })).toThrow(message);
  expect(() => requireHost({ ...good, ...host })).toThrow(ClusterError);
});
