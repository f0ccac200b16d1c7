import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { parseAuthority } from '../../../engine/canonical/authority.ts';
import { hostText, parseHost } from '../../../engine/canonical/host.ts';
import { type FuzzTarget, linesOf } from '../fuzz-target.ts';

/** Names against node's IDNA, addresses against net.isIP, both against the WHATWG URL parser. */
export const hostTarget: FuzzTarget = {
  name: 'host',
  corpus: linesOf('host'),
  tokens: ['.', '..', 'xn--', '\0', '%2e', '@', '\\', '。', '\u00ad', 'ß', 'ⓖ', '[', ']', ':443', '0x', '%', '-'],
  check: bytes => {
    const text = bytes.toString('utf8');
    const host = parseHost(text);
    const authority = parseAuthority(text);
    if (authority.ok) checkHost(hostText(authority.host));
    if (host.kind === 'invalid') return;
    const canonical = hostText(host);
    assert.deepEqual(parseHost(canonical), host, 'reading the canonical form again changes it');
    checkHost(canonical);
    if (host.kind === 'name') assert.equal(domainToASCII(text.replace(/\.$/, '')), canonical);
  },
};

function checkHost(canonical: string): void {
  const isSix = isIP(canonical) === 6;
  assert.match(canonical, /^[a-z0-9.:-]{1,253}$/);
  assert.equal(
    new URL(`http://${isSix ? `[${canonical}]` : canonical}/`).hostname,
    isSix ? `[${canonical}]` : canonical,
  );
}
