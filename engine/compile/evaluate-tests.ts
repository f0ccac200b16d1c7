// spec.tests of an EgressPolicy: its requests through the same two functions that the sidecar asks.
import type { EgressPolicy } from '../../crds/schema/egress-policy.ts';
import type { CompiledPolicy } from '../../protocol/snapshot.ts';
import { parseHost } from '../canonical/host.ts';
import { decideRequest } from '../decide/decide-request.ts';
import { createDecider } from '../decide/decider.ts';
import type { Binary, Decision } from '../decide/decision.ts';

type PolicyTest = NonNullable<EgressPolicy['spec']['tests']>[number];

export interface TestFailure {
  readonly index: number;
  readonly expected: PolicyTest['expect'];
  readonly got: PolicyTest['expect'];
  readonly message: string;
}

type Outcome = Pick<TestFailure, 'got'> & { readonly because: string };

/** Without approvals. A test without method and path asks about the connection; one without binary is of an unknown one. */
export function evaluateTests(policy: CompiledPolicy, tests: readonly PolicyTest[]): readonly TestFailure[] {
  // Grants alone would read the clock, and there are none.
  const decider = createDecider(policy, { hash: '', items: [] }, () => 0);
  return tests.flatMap(({ request, expect: expected }, index) => {
    const { got, because } = outcomeOf(request, target => decider.decide(target));
    if (got === expected) return [];
    return [{ index, expected, got, message: `${describe(request)} is ${got} (${because}), not ${expected}` }];
  });
}

function outcomeOf(request: PolicyTest['request'], decide: ReturnType<typeof createDecider>['decide']): Outcome {
  const host = parseHost(request.host);
  if (host.kind === 'invalid') return { got: 'Deny', because: `no host: ${host.problem}` };
  const binary: Binary =
    request.binary === undefined ? { kind: 'unknown' } : { kind: 'known', path: request.binary, sha256: '' };
  return outcomeOfConnection(decide({ host, port: request.port, binary }), request);
}

function outcomeOfConnection(decision: Decision, { method, path }: PolicyTest['request']): Outcome {
  if (decision.verdict === 'NeedsBinary') return { got: 'Deny', because: 'whose socket it is is not known' };
  if (decision.verdict !== 'Allow') return { got: decision.verdict, because: reasonOf(decision) };
  const { inspected } = decision;
  if (inspected === undefined || (method === undefined && path === undefined))
    return { got: 'Allow', because: decision.id };
  const answer = decideRequest(inspected, { method: method ?? 'GET', target: path ?? '/', isWebSocket: false });
  if (answer.verdict === 'NeedsBody') return { got: 'Allow', because: 'its body decides, which tests do not have' };
  if (answer.verdict === 'Allow') return { got: 'Allow', because: answer.id };
  return { got: answer.verdict, because: reasonOf(answer) };
}

function reasonOf({ reason, id }: { readonly reason: string; readonly id?: string }): string {
  return id === undefined ? reason : `${reason} by ${id}`;
}

function describe({ host, port, method, path, binary }: PolicyTest['request']): string {
  const request = [method, path].filter(part => part !== undefined).join(' ');
  return [`${host}:${port}`, request, binary === undefined ? '' : `by ${binary}`].filter(part => part !== '').join(' ');
}
