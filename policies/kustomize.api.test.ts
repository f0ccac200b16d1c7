// What the documentation tells people to apply, applied.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';

const root = join(import.meta.dirname, '..');
const presets = readdirSync(join(root, 'policies/presets'), { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name);
const namespace = testNamespace('kustomize');
const kubectl = (...args: string[]) => currentCluster().kubectl(args);

beforeAll(async () => {
  await kubectl('apply', '--server-side', `--filename=${join(root, 'crds')}`);
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
});

test.each<[folder: string, expected: string[]]>([
  ['policies/profiles', ['nvidia-cloud', 'nim-local', 'vllm'].map(name => `inferenceprofile.creel.dev/${name}`)],
  ...presets.map(name => [`policies/presets/${name}`, [`egresspolicy.creel.dev/${name}`]] as [string, string[]]),
])('kubectl apply -k %s', async (folder, expected) => {
  const applied = await kubectl('apply', '-k', join(root, folder), '-n', namespace, '--dry-run=server');
  for (const name of expected) expect(applied).toContain(`${name} created`);
});

test('the example: namespace, sandbox, profiles, preset', async () => {
  const example = join(root, 'examples/my-assistant');
  await kubectl('apply', `--filename=${join(example, 'namespace.yaml')}`);
  const applied = await kubectl('apply', '-k', example, '--dry-run=server');
  await kubectl('delete', `--filename=${join(example, 'namespace.yaml')}`, '--wait=false');
  expect(applied.split('\n').filter(line => line.includes(' created')).length).toBe(5);
});
