// Who else says what a field is: a pipeline that applies the object again would take the change back. Pure.

interface Entry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

/** Controllers that put back what they applied, by themselves and soon. */
const pipelines: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^argocd/, 'Argo CD'],
  [/^(kustomize-controller|gotk-|flux)/, 'Flux'],
  [/^helm-controller$/, "Flux's helm-controller"],
  [/^helm$/, 'Helm'],
  [/^(fleet|rancher)/, 'Fleet'],
];
const own = 'kubectl-creel';

interface FieldOwner {
  readonly manager: string;
  /** A pipeline's name; absent: somebody's `kubectl apply`. */
  readonly pipeline?: string;
}

/** Other managers that own `spec.a.b` or something below it and will apply it again. People's edits are no owners. */
function fieldOwners(metadata: object, path: readonly string[]): readonly FieldOwner[] {
  const entries = (metadata as { managedFields?: readonly Entry[] }).managedFields ?? [];
  return entries.flatMap(({ manager = '', operation, subresource, fieldsV1 }) => {
    if (manager === own || subresource !== undefined || !owns(fieldsV1, path)) return [];
    const pipeline = pipelines.find(([pattern]) => pattern.test(manager))?.[1];
    if (pipeline !== undefined) return [{ manager, pipeline }];
    return operation === 'Apply' || manager === 'kubectl-client-side-apply' ? [{ manager }] : [];
  });
}

function owns(fields: unknown, path: readonly string[]): boolean {
  let at = fields;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, `f:${part}`)) return false;
    at = (at as Record<string, unknown>)[`f:${part}`];
  }
  return true;
}

/** One line of warning for each owner of any of the fields about to be patched. */
export function ownerWarnings(metadata: object, paths: readonly (readonly string[])[]): readonly string[] {
  const warnings = paths.flatMap(path =>
    fieldOwners(metadata, path).map(({ manager, pipeline }) =>
      pipeline === undefined
        ? `${path.join('.')} is owned by ${manager}: whoever applies that manifest again takes this change back`
        : `${path.join('.')} is managed by ${pipeline} (${manager}), which will take this change back: change it in Git, or leave the field out of Git`,
    ),
  );
  return [...new Set(warnings)];
}
