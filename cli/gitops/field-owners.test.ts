import { expect, test } from 'vitest';
import { ownerWarnings } from './field-owners.ts';

const by = (manager: string, operation = 'Apply', extra = {}) => ({
  managedFields: [{ manager, operation, fieldsV1: { 'f:spec': { 'f:inference': { 'f:profile': {} } } }, ...extra }],
});
const profile = [['spec', 'inference', 'profile']];

test.each([
  ['argocd-controller', 'Apply', 'managed by Argo CD'],
  ['argocd-application-controller', 'Update', 'managed by Argo CD'],
  ['kustomize-controller', 'Apply', 'managed by Flux'],
  ['helm', 'Update', 'managed by Helm'],
  ['kubectl', 'Apply', 'owned by kubectl'],
  ['kubectl-client-side-apply', 'Update', 'owned by kubectl-client-side-apply'],
  ['kubectl-edit', 'Update', undefined],
  ['kubectl-creel', 'Update', undefined],
])('%s by %s: %s', (manager, operation, expected) => {
  const warnings = ownerWarnings(by(manager, operation), profile);
  if (expected === undefined) expect(warnings).toEqual([]);
  else expect(warnings).toEqual([expect.stringContaining(expected)]);
});

test('other fields, a status, and an object without bookkeeping warn of nothing', () => {
  expect(ownerWarnings(by('helm'), [['spec', 'lifecycle', 'suspend']])).toEqual([]);
  expect(ownerWarnings(by('argocd-controller', 'Update', { subresource: 'status' }), profile)).toEqual([]);
  expect(ownerWarnings({}, profile)).toEqual([]);
});
