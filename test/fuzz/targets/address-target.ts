import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { cidrContains, formatCidr, parseCidr } from '../../../engine/canonical/cidr.ts';
import { classifyAddress, isNeverReachable } from '../../../engine/canonical/classify-address.ts';
import { formatIp, parseIp } from '../../../engine/canonical/ip.ts';
import { type FuzzTarget, linesOf } from '../fuzz-target.ts';

const probes = ['10.1.2.3', '169.254.169.254', '203.0.113.7', '2001:db8::9', '::1'].map(text => {
  const ip = parseIp(text);
  assert.ok(ip);
  return { text, ip };
});
const forbidden = new BlockList();
forbidden.addSubnet('127.0.0.0', 8);
forbidden.addSubnet('169.254.0.0', 16);
forbidden.addSubnet('224.0.0.0', 4);

/** Addresses against net.isIP, blocks and never-reachable classes against net.BlockList. */
export const addressTarget: FuzzTarget = {
  name: 'address',
  corpus: linesOf('address'),
  tokens: ['::', ':', '.', '/', '0', '255', 'ffff', '%lo', '::ffff:', ' ', '/0', '/128'],
  check: bytes => {
    const text = bytes.toString('latin1');
    const ip = parseIp(text);
    const family = text.includes('%') ? 0 : isIP(text);
    assert.equal(ip?.family ?? 0, isMapped(text) ? 4 : family);
    if (ip !== undefined) {
      assert.deepEqual(parseIp(formatIp(ip)), ip);
      if (family === 4 && forbidden.check(text)) assert.ok(isNeverReachable(classifyAddress(ip)));
    }
    const block = parseCidr(text);
    if (!block.ok) return;
    const written = formatCidr(block.cidr);
    assert.deepEqual(parseCidr(written), block);
    const { base, prefix } = block.cidr;
    const list = new BlockList();
    list.addSubnet(formatIp(base), prefix, base.family === 4 ? 'ipv4' : 'ipv6');
    for (const probe of probes) {
      // Node takes ::ffff:a.b.c.d for a.b.c.d; here families do not mix, and the callers unwrap.
      if (probe.ip.family !== base.family) continue;
      assert.equal(
        cidrContains(block.cidr, probe.ip),
        list.check(probe.text, base.family === 4 ? 'ipv4' : 'ipv6'),
        written,
      );
    }
  },
};

/** Read as the IPv4 address inside: the WHATWG parser writes what is left of it as two groups. */
function isMapped(text: string): boolean {
  return (
    isIP(text) === 6 &&
    !text.includes('%') &&
    /^\[::ffff:[0-9a-f]+:[0-9a-f]+\]$/.test(new URL(`http://[${text}]`).hostname)
  );
}
