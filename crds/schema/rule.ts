import type { z } from 'zod';

/**
 * Adds one rule that spans fields, in both languages at once: CEL for the API server, a predicate for zod. Several add up.
 * Each CEL rule needs samples in crds/samples, where the API server's verdict is compared with zod's.
 */
export function rule<T extends z.ZodType>(
  schema: T,
  cel: string,
  message: string,
  holds: (value: z.output<T>) => boolean,
): T {
  const key = 'x-kubernetes-validations';
  const meta = schema.meta() ?? {};
  const before = (meta[key] ?? []) as readonly unknown[];
  return schema.refine(holds, message).meta({ ...meta, [key]: [...before, { rule: cel, message }] });
}
