import { checkAdmissionPolicies, checkWebhook } from './checks/admission.ts';
import { checkNamespace, checkProfile, checkRights } from './checks/namespace.ts';
import { checkNetwork } from './checks/network.ts';
import { checkNodes } from './checks/nodes.ts';
import { checkDefinitions, checkOperator, checkServer, findAbsence } from './checks/versions.ts';
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
  const absence = findAbsence(facts);
  // What there is to install is said once, not by each check that misses a part of it.
  if (absence !== undefined) return [...checkServer(facts), absence, ...checkNodes(facts)];
  return checks.flatMap(check => check(facts));
}
