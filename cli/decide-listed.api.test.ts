// `approve --all` against what happens while a person reads the list: at a real terminal, where the question is asked.
import { beforeAll, expect, test } from 'vitest';
import { openTerminal, provideTmux } from './term/testing/terminal.ts';
import { clusterFixture } from './testing/cluster-fixture.ts';

const cluster = clusterFixture('cli-listed');
const verdictOf = async (name: string) => (await cluster.getRequest(name)).spec.decision?.verdict;

beforeAll(provideTmux);

test('A15 what came after the list, or took the name of something on it, is not approved with it', async () => {
  await cluster.makeRequest('apr-listed', { host: 'listed.example.org' });
  await cluster.makeRequest('apr-swapped', { host: 'harmless.example.org' });
  const args = ['-n', cluster.namespace, 'approve', '--all', '--no-wait'];
  const terminal = await openTerminal({ columns: 120, rows: 30, args, env: cluster.env });
  try {
    expect(await terminal.until('Approve these 2? [y/N]')).toContain('harmless.example.org');
    await cluster.makeRequest('apr-late', { host: 'late.example.org' });
    await cluster.kubectl(['delete', 'apr', 'apr-swapped']);
    await cluster.makeRequest('apr-swapped', { host: 'evil.example.org' });
    await terminal.press('y', 'Enter');
    const screen = await terminal.until(/ended \d+/);
    expect(screen).toMatch(/apr-swapped/);
    expect(screen).not.toContain('ended 0');
  } finally {
    await terminal.end();
  }
  expect(await verdictOf('apr-listed')).toBe('Approve');
  expect(await verdictOf('apr-late')).toBe(undefined);
  expect(await verdictOf('apr-swapped')).toBe(undefined);
});

test('what a request would do is read before it is approved with others', async () => {
  const egress = { host: 'api.example.org', port: 443, reason: 'RequestNotAllowed' };
  const spec = { type: 'Egress', sandbox: { name: 'agent', uid: 'u-1' }, egress };
  await cluster.create({ kind: 'ApprovalRequest', metadata: { name: 'apr-method' }, spec });
  const patch = JSON.stringify({ status: { phase: 'Pending', samples: ['DELETE api.example.org/v1/everything'] } });
  await cluster.kubectl(['patch', 'apr', 'apr-method', '--subresource=status', '--type=merge', `--patch=${patch}`]);
  const args = ['-n', cluster.namespace, 'approve', '--all', '--host', egress.host, '--no-wait'];
  const terminal = await openTerminal({ columns: 120, rows: 30, args, env: cluster.env });
  try {
    expect(await terminal.until('Approve these 1? [y/N]')).toContain('request: DELETE api.example.org/v1/everything');
  } finally {
    await terminal.end();
  }
  expect(await verdictOf('apr-method')).toBe(undefined);
});
