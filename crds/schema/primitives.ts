// Building blocks of the kinds. Patterns are RE2 (the API server's), every string and list has a bound.
import { z } from 'zod';
import { rule } from './rule.ts';

export const aName = 'is no name; use lower-case letters, digits and - between them';

/** RFC 1123 label. */
export const dnsLabel = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, { error: aName });

/** RFC 1123 subdomain: names of most Kubernetes objects. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, { error: aName });

/** Go duration of whole or fractional units: `90s`, `1h30m`, `500ms`. */
export const duration = z
  .string()
  .max(20)
  .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/, { error: 'is no duration; write it like 90s, 30m or 1h30m' });

const quantity = /^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$/;

/** A Kubernetes quantity, written as string or whole number. */
export const resourceAmount = z
  .union([z.int().min(0), z.string().max(32).regex(quantity)])
  .meta({ 'x-kubernetes-int-or-string': true, pattern: quantity.source });

export const modelName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$/);

export const port = z.int32().min(1).max(65_535);

/** An absolute path without control characters. */
export const absolutePath = z
  .string()
  .min(1)
  .max(512)
  .regex(/^\/[^\p{Cc}]*$/u, { error: 'is no absolute path; begin it with /' });

/** A path that says where it leads: `..` in a mount or a working directory would step out of the folder its pattern names. */
export function withoutDots<T extends z.ZodType<string>>(path: T): T {
  return rule(
    path,
    "!self.matches('(^|/)[.][.]?(/|$)')",
    "'.' and '..' are no parts of a path here; write it out",
    value => !/(^|\/)\.\.?(\/|$)/.test(value),
  );
}

/** Free text of people: no control characters, so that no terminal is driven by it. */
export const plainText = z
  .string()
  .max(512)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, { error: 'has control or invisible characters; take them out' });

/** Shown strings that an agent has chosen, already escaped: printable ASCII. */
export const shownText = z
  .string()
  .max(512)
  .regex(/^[ -~]*$/);

export const timestamp = z.iso.datetime({ offset: true }).max(40);

export const secretKeyRef = z.strictObject({
  name: objectName.describe('Name of a Secret in the same namespace.'),
  key: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[-._a-zA-Z0-9]+$/)
    .describe('Key within the Secret.'),
});

export const labelSelector = z.strictObject({
  matchLabels: z
    .record(z.string().max(317), z.string().max(63))
    .meta({ maxProperties: 32 })
    .exactOptional()
    .describe('Labels an object must carry; an empty map selects everything.'),
});
