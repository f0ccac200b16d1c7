import type { z } from 'zod';

/** The entries of a list that the schema understands: the compiler has more to say of those, and nothing of the others. */
export function readableRules<T extends z.ZodType>(schema: T, list: unknown): z.output<T>[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap(entry => {
    const parsed = schema.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}

/** For naming a rule's place: every entry, understood or not. */
export function namedEntries(list: unknown): readonly { readonly name?: unknown }[] {
  return Array.isArray(list) ? list.map(entry => (typeof entry === 'object' && entry !== null ? entry : {})) : [];
}
