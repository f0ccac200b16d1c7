// What a rule with binaries does not promise: said beside Accepted, because the rule holds all the same.
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';

/** Programs that run whatever text they are given. */
const interpreters = /\/(node|python[0-9.]*|(ba|da|z|k)?sh|busybox|perl|ruby|java|deno|bun|php[0-9.]*|lua[0-9.]*|env)$/;

/** Is what it does said by its arguments rather than by its name? */
export function runsAnyScript(path: string): boolean {
  return interpreters.test(path);
}

export function warnOfBinaries({ spec }: Pick<EgressPolicy, 'spec'>): readonly string[] {
  return (spec.allow ?? []).flatMap(({ name, binaries = [], ancestors }) => [
    ...binaries
      .filter(runsAnyScript)
      .map(path => `rule ${name}: ${path} runs any script, so the rule lets every script of the agent through`),
    ...(ancestors === true
      ? [`rule ${name}: ancestors lets through whatever its binaries start, directly or not`]
      : []),
  ]);
}
