// NetworkPolicies add up: another one that selects the pod can only open more.
import type { KubeObject } from '../../../../kube/types.ts';

interface Selecting extends KubeObject {
  readonly spec?: {
    readonly podSelector?: {
      readonly matchLabels?: Readonly<Record<string, string>>;
      readonly matchExpressions?: readonly {
        readonly key: string;
        readonly operator: string;
        readonly values?: readonly string[];
      }[];
    };
    readonly ingress?: readonly unknown[];
    readonly egress?: readonly unknown[];
  };
}

/** Names of the policies other than `own` that select a pod with these labels and allow anything. */
export function findWidening(
  policies: readonly KubeObject[],
  podLabels: Readonly<Record<string, string>>,
  own: string,
): string[] {
  return (policies as readonly Selecting[])
    .filter(
      ({ metadata, spec }) => metadata.name !== own && selects(spec?.podSelector, podLabels) && allowsAnything(spec),
    )
    .map(({ metadata }) => metadata.name)
    .sort();
}

function allowsAnything(spec: Selecting['spec']): boolean {
  return (spec?.egress?.length ?? 0) > 0 || (spec?.ingress?.length ?? 0) > 0;
}

function selects(
  selector: NonNullable<Selecting['spec']>['podSelector'],
  labels: Readonly<Record<string, string>>,
): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => matches(labels[key], operator, values))
  );
}

function matches(value: string | undefined, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      // An operator of the future: better a false warning than a silent opening.
      return true;
  }
}
