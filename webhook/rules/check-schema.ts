import { kinds } from '../../crds/schema/kinds.ts';
import { describeIssue } from './describe-issue.ts';
import type { FieldProblem } from './verdict.ts';

/** Everything that the kind's schema says against the object, all at once. */
export function checkSchema(kind: string, object: Readonly<Record<string, unknown>>): readonly FieldProblem[] {
  const known = kinds.find(entry => entry.kind === kind);
  if (known === undefined) return [{ field: 'kind', message: `${kind} is no kind of Creel` }];
  // What the operator writes there is not the author's, and a newer operator may write more than we know.
  const { status: _status, ...own } = object;
  const parsed = known.schema.safeParse(own, { reportInput: true });
  return parsed.success ? [] : parsed.error.issues.flatMap(issue => describeIssue(issue, known.plural));
}
