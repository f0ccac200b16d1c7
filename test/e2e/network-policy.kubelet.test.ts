// The wall outside the pod: said to stand where it stands, and not said where nobody enforces it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../cluster/base/wait-until.ts';
import { currentCluster } from '../cluster/current-cluster.ts';
import { readProcess, startProcess, stopProcess } from '../cluster/embedded/managed-process.ts';
import { creelUnderTest } from './creel-under-test.ts';
import { SandboxNamespace } from './sandbox-namespace.ts';

const namespace = new SandboxNamespace(currentCluster(), `e2e-wall-${process.pid}`);
const { layout } = currentCluster();
const controller = 'node1-netpol';
const condition = async (name: string) => {
  const sandbox = await namespace.waitForSandbox(name, 'to be read', () => true);
  return sandbox.status?.conditions?.find(({ type }) => type === 'NetworkPolicyEnforced');
};

beforeAll(async () => {
  await creelUnderTest();
  await namespace.create();
});
afterAll(() => namespace.delete());

test('while the node’s controller is stopped a new sandbox says False and why; once it is back, True', async () => {
  const spec = readProcess(layout, controller)?.spec;
  if (spec === undefined) throw new Error(`${controller} was never started`);
  await stopProcess(layout, controller, 'SIGKILL');
  try {
    await namespace.applySandbox('unwalled', { workspace: { ephemeral: true } });
    await namespace.waitForCondition('csb', 'unwalled', 'NetworkPolicyEnforced', 'False', 60_000);
    // A CNI that is only slow would have come by now: the canary is tried every second.
    const seen: string[] = [];
    const startedMs = Date.now();
    const look = async () => {
      seen.push((await condition('unwalled'))?.status ?? 'none');
      return Date.now() - startedMs > 5000 ? true : undefined;
    };
    await waitUntil(look, { what: 'five rounds of the canary to pass', timeoutMs: 20_000, intervalMs: 500 });
    expect(new Set(seen)).toEqual(new Set(['False']));
    expect((await condition('unwalled'))?.message).toContain('does not enforce NetworkPolicy');
  } finally {
    await startProcess(layout, spec);
  }
  await namespace.waitForCondition('csb', 'unwalled', 'NetworkPolicyEnforced', 'True', 60_000);
});
