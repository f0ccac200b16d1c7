// What a rule says of one request. Nothing here is done; the API server does it.

export interface FieldProblem {
  /** `spec.allow[0].to[1].host`, as `kubectl` users write paths. */
  readonly field: string;
  /** What is wrong with its value, and what to do. */
  readonly message: string;
}

/** RFC 6902, the two operations a rule needs. */
export type PatchOperation =
  | { readonly op: 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export interface Verdict {
  /** Empty: let in. */
  readonly problems: readonly FieldProblem[];
  /** Legal, and the author should know. One sentence each. */
  readonly warnings: readonly string[];
  readonly patch?: readonly PatchOperation[];
}

export const letIn: Verdict = { problems: [], warnings: [] };
