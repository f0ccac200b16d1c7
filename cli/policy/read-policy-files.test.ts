import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sampleEgressPolicy } from '../../engine/compile/testing/objects.ts';
import { readPolicyFiles } from './read-policy-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'creel-policies-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, value: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

const policy = (name: string) => {
  const { metadata: _metadata, ...rest } = sampleEgressPolicy(name, []);
  return { ...rest, metadata: { name } };
};

describe('what is read', () => {
  test('a folder stands for the manifests in it, others of any kind beside them', () => {
    write('b.yaml', policy('b'));
    write('a.json', policy('a'));
    write('kustomization.yaml', { kind: 'Kustomization', resources: ['b.yaml'] });
    write('README.md', 'kind: [no manifest');
    const { policies } = readPolicyFiles([folder], 'team');
    expect(policies.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual(['team/a', 'team/b']);
  });

  test.each([
    ['no policy', { kind: 'Kustomization' }, /no EgressPolicy in .*give files that hold one with -f/],
    ['no YAML', 'a: [', /x\.yaml: /],
    ['a field of another type', { ...policy('p'), spec: { allow: 1 } }, /EgressPolicy p: spec\..*kubectl explain/],
  ])('%s is an error', (_what, value, problem) => {
    const file = write('x.yaml', value);
    expect(() => readPolicyFiles([file], 'team')).toThrow(problem);
  });

  test('a file that is not there is named once', () => {
    const file = join(folder, 'none.yaml');
    expect(() => readPolicyFiles([file], 'team')).toThrow(`cannot read ${file}: no such file or directory`);
    expect(() => readPolicyFiles([file], 'team')).not.toThrow(/directory,/);
  });
});
