// The name of an ApprovalRequest is the digest of what it asks: one request per question on every replica, and a name
// that says which question was seen.
import { createHash } from 'node:crypto';
import { canonicalJson } from './stable-hash.ts';

export interface ApprovalKey {
  readonly sandboxUid: string;
  readonly host: string;
  readonly port: number;
  readonly binary?: { readonly path: string; readonly sha256: string };
  readonly reason: string;
  /** Counts questions asked again: after an expiry, a revocation, a denial's backoff. */
  readonly round: number;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** `apr-` and 160 bits in base32. */
export function approvalName({ sandboxUid, host, port, binary, reason, round }: ApprovalKey): string {
  const key = canonicalJson([sandboxUid, host, port, binary?.path ?? null, binary?.sha256 ?? null, reason, round]);
  return `apr-${base32(createHash('sha256').update(key).digest().subarray(0, 20))}`;
}

function base32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31] ?? '';
    value &= (1 << bits) - 1;
  }
  return text;
}
