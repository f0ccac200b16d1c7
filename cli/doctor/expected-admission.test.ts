import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { expectedAdmission } from './expected-admission.ts';

test('doctor expects every admission policy of the chart but the guardrails', () => {
  const folder = join(import.meta.dirname, '../../policies/admission');
  const files = globSync('*.yaml', { cwd: folder }).filter(name => !name.endsWith('.cases.yaml'));
  const objects = files.flatMap(name =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map(
      document => document.toJS() as { kind: string; metadata: { name: string } } | null,
    ),
  );
  const names = objects.flatMap(object => (object?.kind === 'ValidatingAdmissionPolicy' ? [object.metadata.name] : []));
  expect(names.filter(name => !name.startsWith('guardrail-')).sort()).toEqual([...expectedAdmission]);
});
