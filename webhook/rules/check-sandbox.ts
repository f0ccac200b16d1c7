// A Sandbox as its author sends it: its schema says it all, but for what is risky.
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import { checkSchema } from './check-schema.ts';
import type { Verdict } from './verdict.ts';
import { warnWithoutEffect } from './warn-without-effect.ts';

export function judgeSandbox(object: Readonly<Record<string, unknown>>): Verdict {
  const schema = checkSchema('Sandbox', object);
  if (schema.length > 0) return { problems: schema, warnings: [] };
  const { egress } = object['spec'] as Sandbox['spec'];
  const warnings =
    egress?.identity === 'None'
      ? ['spec.egress.identity: None: nobody sees which binary asks, and rules with binaries allow nothing']
      : [];
  return { problems: [], warnings: [...warnings, ...warnWithoutEffect('Sandbox', object)] };
}
