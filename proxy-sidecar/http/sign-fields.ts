import { type HeaderField, headerField } from './header-fields.ts';

/** Of a whole answer an echo of the credential is seen; of slices of the agent's choice it would be put together again. */
const slicing: ReadonlySet<string> = new Set(['range', 'if-range']);

/** The agent's fields with the gate's in place of those of the same name, and then neither a coding nor a part of the answer asked for. */
export function signFields(
  fields: readonly HeaderField[],
  setFields: readonly HeaderField[],
): { readonly kept: readonly HeaderField[]; readonly signed: readonly HeaderField[] } {
  if (setFields.length === 0) return { kept: fields, signed: [] };
  const signed = [...setFields, headerField('Accept-Encoding', 'identity')];
  const replaced = new Set(signed.map(({ key }) => key));
  return { kept: fields.filter(({ key }) => !replaced.has(key) && !slicing.has(key)), signed };
}
