import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadKubeConfig } from './load-kube-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'creel-kubeconfig-'));
// The library is large: its loading counts for no single case.
beforeAll(() => import('./client-node.ts'), 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, current: string, contexts: Readonly<Record<string, string>>): string {
  const file = join(folder, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': current,
    clusters: Object.entries(contexts).map(([of, server]) => ({ name: of, cluster: { server } })),
    users: Object.keys(contexts).map(of => ({ name: of, user: { token: `${name}-${of}` } })),
    contexts: Object.keys(contexts).map(of => ({
      name: of,
      context: { cluster: of, user: of, namespace: `ns-${of}` },
    })),
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}
const one = write('one', 'a', { a: 'https://a.example', both: 'https://one.example' });
const two = write('two', 'b', { b: 'https://b.example', both: 'https://two.example' });
const serverOf = async (env: Record<string, string>, options = {}) =>
  (await loadKubeConfig(options, env)).getCurrentCluster()?.server;

describe('several files in KUBECONFIG', () => {
  const both = { KUBECONFIG: [join(folder, 'none'), one, two, ''].join(delimiter) };
  test('the first that says something wins, and files that are not there are passed over', async () => {
    expect(await serverOf(both)).toBe('https://a.example');
    expect(await serverOf(both, { context: 'both' })).toBe('https://one.example');
    expect(await serverOf(both, { context: 'b' })).toBe('https://b.example');
  });
  test('--kubeconfig is read alone', async () => {
    expect(await serverOf(both, { kubeconfig: two })).toBe('https://b.example');
    await expect(serverOf(both, { kubeconfig: join(folder, 'none') })).rejects.toThrow(/cannot read the kubeconfig/);
  });
});

test('--as impersonates', async () => {
  const config = await loadKubeConfig({ as: 'kim' }, { KUBECONFIG: one });
  const options: { headers?: Record<string, string> } = { headers: {} };
  await config.applyToHTTPSOptions(options);
  expect(options.headers?.['Impersonate-User']).toBe('kim');
});

test('what is wrong is said with what there is', async () => {
  await expect(serverOf({ KUBECONFIG: one }, { context: 'c' })).rejects.toThrow(
    '--context c: there is no such context; there are a, both',
  );
  await expect(serverOf({ KUBECONFIG: join(folder, 'none') })).rejects.toThrow(
    /no Kubernetes cluster is configured .*does not exist/,
  );
});
