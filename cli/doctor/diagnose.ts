import { checkAdmissionPolicies, checkWebhook } from './checks/admission.ts';
import { checkNamespace, checkProfile, checkRights } from './checks/namespace.ts';
import { checkNetwork } from './checks/network.ts';
import { checkNodes } from './checks/nodes.ts';
import { checkDefinitions, checkOperator, checkServer } from './checks/versions.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './finding.ts';

const checks = [
  checkServer,
  checkDefinitions,
  checkOperator,
  checkWebhook,
  checkAdmissionPolicies,
  checkNetwork,
  checkNodes,
  checkNamespace,
  checkProfile,
  checkRights,
];

/** Every finding, in the order in which one thing rests on another. Pure. */
export function diagnose(facts: Facts): readonly Finding[] {
  return checks.flatMap(check => check(facts));
}
