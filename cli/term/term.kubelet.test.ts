// What the terminal UI needs a running sandbox for: its sidecar's audit lines, a shell in it, and an approval that lets curl through.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { creelUnderTest } from '../../test/e2e/creel-under-test.ts';
import { fetchInside } from '../../test/e2e/fetch-inside.ts';
import { SandboxNamespace } from '../../test/e2e/sandbox-namespace.ts';
import { openTerminal, provideTmux, type Terminal } from './testing/terminal.ts';

const namespace = new SandboxNamespace(currentCluster(), `e2e-term-${process.pid}`);
let terminal: Terminal;

beforeAll(async () => {
  await provideTmux();
  await creelUnderTest();
  await namespace.create();
  await namespace.applySandbox('agent');
  await namespace.waitForCondition('csb', 'agent', 'Ready', 'True', 120_000);
  terminal = await openTerminal({
    columns: 120,
    rows: 30,
    args: ['-n', namespace.name, 'term'],
    env: { KUBECONFIG: currentCluster().kubeconfigPath },
  });
});
afterAll(async () => {
  await terminal.end();
  await namespace.delete();
});

test('an unlisted host is asked for, approved with two keys, and works; the audit lines say both', async () => {
  const host = 'unlisted.example.org';
  await terminal.until(/agent +Run/, 60_000);
  expect(await fetchInside(namespace, 'agent', `https://${host}/`)).toMatchObject({ status: 403 });
  await terminal.until(`${host}:443`);
  await new Promise(resolve => {
    setTimeout(resolve, 350);
  });
  await terminal.press('a');
  await terminal.until('[Approve?]');
  await new Promise(resolve => {
    setTimeout(resolve, 350);
  });
  await terminal.press('Enter');
  await terminal.until(/unlisted\.example\.org:443 for agent: Enforced in \d+ ms/);
  expect(await fetchInside(namespace, 'agent', `https://${host}/`)).toMatchObject({ status: 200 });
  await terminal.press('l');
  await terminal.until(/Ask +NotListed +unlisted\.example\.org:443/);
  await terminal.until(/Allow .*unlisted\.example\.org:443/);
  await terminal.press('Escape');
  await terminal.until('[Requests');
});

test('c is a shell in the sandbox, and its end is the way back', async () => {
  await terminal.press('c');
  await terminal.until(/[$#] *$/m, 60_000);
  await terminal.type('echo in-$((40+2))-$(id -u)\n');
  await terminal.until('in-42-1000');
  await terminal.type('exit\n');
  await terminal.until('the shell in agent ended');
  await terminal.until('[Requests');
});
