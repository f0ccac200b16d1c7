// Fields that the API has and this version does not act upon. They are taken, so that files need not change later, but never
// silently: a limit that limits nothing must not look like one.

interface Unbuilt {
  readonly field: string;
  /** The one value that is as well as no field. */
  readonly unless?: string;
}

const unbuilt: Readonly<Record<'Sandbox' | 'InferenceProfile', readonly Unbuilt[]>> = {
  Sandbox: [{ field: 'spec.lifecycle.idleAfter' }, { field: 'spec.lifecycle.update', unless: 'Manual' }],
  InferenceProfile: [
    { field: 'spec.limits.requestsPerMinute' },
    { field: 'spec.limits.tokensPerDay' },
    { field: 'spec.limits.onExhausted' },
    { field: 'spec.fallback' },
  ],
};

/** A warning for each of them that the object sets. */
export function warnWithoutEffect(kind: keyof typeof unbuilt, object: Readonly<Record<string, unknown>>): string[] {
  return unbuilt[kind]
    .filter(({ field, unless }) => ![undefined, unless].includes(valueAt(object, field.split('.')) as string))
    .map(({ field }) => `${field} has no effect in this version; do not rely on it`);
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const name of path)
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return value;
}
