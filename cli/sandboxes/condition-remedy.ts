import type { Condition } from '../../crds/schema/condition.ts';
import { isBad } from './bad-conditions.ts';

/** Commands for what a condition complains of, where its own message names none: by type, and by reason where that differs. */
export function conditionRemedy(condition: Condition, namespace: string, name: string): string | undefined {
  if (!isBad(condition) || condition.message.includes('kubectl ')) return undefined;
  const { type, reason } = condition;
  const creel = `kubectl creel -n ${namespace}`;
  const remedies: Readonly<Record<string, string>> = {
    'Ready/PodNotReady': `${creel} logs ${name}; kubectl -n ${namespace} describe pod csb-${name}`,
    'Ready/Suspended': `${creel} sandbox resume ${name}`,
    'Ready/Expired': `raise spec.lifecycle.expiresAfter: kubectl -n ${namespace} edit csb ${name}`,
    NetworkPolicyEnforced: 'kubectl creel doctor    # is there a CNI that enforces NetworkPolicy?',
    FenceVerified: `${creel} logs ${name} --audit`,
    PolicyEnforced: `${creel} logs ${name} --audit; kubectl creel doctor`,
    WidenedByOtherPolicy: `kubectl -n ${namespace} get networkpolicy`,
    InferenceReady: `${creel} inference list`,
    IsolationComplete: `kubectl -n ${namespace} edit csb ${name}`,
  };
  return remedies[`${type}/${reason}`] ?? remedies[type];
}
