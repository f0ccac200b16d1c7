// Allow and deny cases of one admission policy, in YAML beside it: who asks for what, and the verdict.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const object = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string().exactOptional() }) });

const admissionCase = z.strictObject({
  allow: z.string().exactOptional(),
  deny: z.string().exactOptional(),
  /** A key of `users`. */
  as: z.string(),
  /** `RESOURCE[/NAME[/SUBRESOURCE]]`, one of: */
  create: z.string().exactOptional(),
  patch: z.string().exactOptional(),
  /** The patch is a strategic one, as `kubectl edit` sends. */
  strategic: z.boolean().exactOptional(),
  /** Server-side, by force. */
  apply: z.string().exactOptional(),
  delete: z.string().exactOptional(),
  connect: z.string().exactOptional(),
  /** Default: the namespace with sandboxes. */
  in: z.enum(['$NS', '$OTHER', '$PLAIN']).exactOptional(),
  body: z.looseObject({}).exactOptional(),
  /** Body: this one of `templates`, changed by `set` (JSON pointer → value; null removes). */
  from: z.string().exactOptional(),
  set: z.record(z.string(), z.unknown()).exactOptional(),
  query: z.string().exactOptional(),
  /** What the refusal must tell. */
  says: z.string().exactOptional(),
});
export type AdmissionCase = z.infer<typeof admissionCase>;

const caseFile = z.strictObject({
  /** The chart's, where the policy is not there by default. */
  values: z.looseObject({}).exactOptional(),
  given: z.array(object).exactOptional(),
  templates: z.record(z.string(), object).exactOptional(),
  cases: z.array(admissionCase).min(2),
});
export type CaseFile = z.infer<typeof caseFile> & { readonly policy: string };

const folder = join(import.meta.dirname, '..');
const suffix = '.cases.yaml';

/** Of every policy in the folder; a policy without cases, or without both verdicts, is an error. */
export function readCaseFiles(): CaseFile[] {
  const policies = readdirSync(folder).filter(name => /^[^.]+\.yaml$/.test(name));
  return policies.sort().map(name => {
    const base = name.slice(0, -'.yaml'.length);
    const text = readFileSync(join(folder, base + suffix), 'utf8');
    const file = caseFile.parse(parse(text, { version: '1.1' }));
    for (const verdict of ['allow', 'deny'] as const)
      if (!file.cases.some(entry => entry[verdict] !== undefined))
        throw new Error(`${base}${suffix} has no ${verdict}`);
    return { ...file, policy: `${base}.creel.dev` };
  });
}
