// What a sidecar may say. It sits beside a hostile agent: every string is bounded and pattern-checked before anything uses it.
import { z } from 'zod';
import type { UpFrame } from '../../protocol/session.ts';

const revision = z.strictObject({ epoch: z.int().min(0), counter: z.int().min(0) });
const hash = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9:._-]*$/);
const count = z.int().min(0).max(1_000_000_000);
/** A canonical DNS name, or an address as node's net prints it. */
const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9_:]([a-z0-9_.:-]*[a-z0-9_:])?$/);
/** Absolute, printable ASCII: what cannot be shown safely cannot be approved either. */
const path = z
  .string()
  .max(1024)
  .regex(/^\/[\x21-\x7e ]*$/);
const message = z.string().max(1024).transform(escapeUntrusted);
const fence = z.enum(['Verified', 'Reinstalled', 'Broken']);

const binary = z.strictObject({
  path,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  ancestors: z.array(path).max(8),
});

const countedBy = z.string().regex(/^[0-9a-f]{32}$/);
const use = z.object({
  approval: z
    .string()
    .max(253)
    .regex(/^[a-z0-9.-]+$/),
  used: count,
});

const upFrame = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.int(),
    sidecar: z.string().max(256),
    revision: revision.optional(),
    countedBy: countedBy.optional(),
  }),
  z.object({ type: z.literal('uses'), uses: z.array(use).max(256) }),
  z.object({
    type: z.literal('denial'),
    id: z.int().min(0),
    host,
    port: z.int().min(1).max(65_535),
    binary: binary.optional(),
    reason: z.enum(['NotListed', 'RequestNotAllowed']),
    hits: count,
    sample: z.string().max(4096).transform(escapeUntrusted),
  }),
  z.object({
    type: z.literal('ack'),
    revision,
    hashes: z.object({ policy: hash, grants: hash, route: hash }),
    closed: count,
  }),
  z.object({ type: z.literal('nack'), revision, reason: message }),
  z.object({
    type: z.literal('usage'),
    profile: z.string().max(253),
    requests: count,
    tokens: count,
    dropped: count,
  }),
  z.object({ type: z.literal('health'), fence, message }),
  z.object({ type: z.literal('networkPolicy'), enforced: z.enum(['True', 'False', 'Unknown']), message }),
]);

export type ParsedFrame =
  | { readonly ok: true; readonly frame: UpFrame }
  /** A type of a newer sidecar (N+1): skipped, so that both ends can be upgraded in any order. */
  | { readonly ok: 'unknown'; readonly type: string }
  | { readonly ok: false; readonly reason: string };

const knownTypes = new Set(upFrame.options.map(option => option.shape.type.value as string));

export function parseUpFrame(line: string): ParsedFrame {
  const json = parseJson(line);
  if (json === undefined) return { ok: false, reason: 'not JSON' };
  const { type } = (json ?? {}) as { type?: unknown };
  if (typeof type === 'string' && !knownTypes.has(type))
    return { ok: 'unknown', type: escapeUntrusted(type).slice(0, 64) };
  const parsed = upFrame.safeParse(json);
  if (parsed.success) return { ok: true, frame: parsed.data as UpFrame };
  const issue = parsed.error.issues[0];
  return { ok: false, reason: `field ${issue?.path.join('.') || '(frame)'}: ${issue?.message ?? 'invalid'}` };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    // JSON.parse has no other way to say so.
    return undefined;
  }
}

/** Printable ASCII as it is; everything else, terminal controls and bidi marks included, as `\u{…}`. */
export function escapeUntrusted(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, char => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
