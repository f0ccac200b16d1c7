// Whether the CNI enforces NetworkPolicy: the wall outside the pod, beside the fence inside.
import { conditionOf } from '../../objects/condition-of.ts';
import type { Facts } from '../facts.ts';
import type { Finding } from '../finding.ts';

const check = 'NetworkPolicy';
const install = 'install a CNI that enforces NetworkPolicy: Cilium, Calico, kube-router …';

/** What sandboxes' own canaries say, and what `--probe` saw. A sandbox is fenced without; one layer is missing. */
export function checkNetwork({ sandboxes, probe }: Facts): Finding[] {
  if (probe !== undefined) return [probeFinding(probe)];
  if (!sandboxes.ok) return [{ check, status: 'warn', message: sandboxes.why, try: ['kubectl creel doctor --probe'] }];
  const said = sandboxes.value.flatMap(sandbox => {
    const condition = conditionOf(sandbox, 'NetworkPolicyEnforced');
    return condition === undefined
      ? []
      : [{ name: `${sandbox.metadata.namespace}/${sandbox.metadata.name}`, ...condition }];
  });
  const broken = said.filter(({ status }) => status === 'False');
  const [first] = broken;
  if (first !== undefined)
    return [
      {
        check,
        status: 'fail',
        message: `not enforced for ${broken.map(({ name }) => name).join(', ')}: ${first.message}`,
        try: [install],
      },
    ];
  const held = said.filter(({ status }) => status === 'True').length;
  return [
    held > 0
      ? { check, status: 'ok', message: `enforced, as the canaries of ${held} running sandboxes say` }
      : {
          check,
          status: 'warn',
          message: 'no running sandbox has tried it yet',
          try: ['kubectl creel doctor --probe    # makes three small pods and a NetworkPolicy, and removes them'],
        },
  ];
}

function probeFinding(probe: NonNullable<Facts['probe']>): Finding {
  if (!probe.ok) return { check, status: 'warn', message: `the probe did not come to an end: ${probe.why}` };
  const { open, closed } = probe.value;
  if (closed)
    return {
      check,
      status: 'fail',
      message: 'not enforced: a pod reached another that a NetworkPolicy closes',
      try: [install],
    };
  return open
    ? {
        check,
        status: 'ok',
        message: 'enforced, as the probe says: what a policy closes is closed, what none does is open',
      }
    : {
        check,
        status: 'warn',
        message: 'unclear: the probe reached not even the pod that no policy closes',
        try: ['kubectl get networkpolicy -A    # is there one for every pod?'],
      };
}
