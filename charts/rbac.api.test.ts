// Who may do what, by the API server's own answer, for every account and role of an install: the golden file is what was reviewed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { waitUntil } from '../test/cluster/base/wait-until.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { installChart, uninstallChart } from './testing/chart-release.ts';
import { listRights, type Right } from './testing/list-rights.ts';

const system = 'creel-system';
const sandboxes = testNamespace('rbac', { 'creel.dev/sandboxes': 'true' });
const accountOf = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`;
const accounts = {
  operator: accountOf(system, 'creel-operator'),
  webhook: accountOf(system, 'creel-webhook'),
  sandbox: accountOf(sandboxes, 'csb-agent'),
};
/** Ours, and what is added to the cluster's. */
const roles = [
  'creel-viewer',
  'creel-user',
  'creel-approver',
  'creel-policy-admin',
  'creel-admin',
  'creel-credentials',
  'creel-device-user',
];
const builtIn = ['view', 'edit', 'admin'];
const kubectl = (...args: string[]) => currentCluster().kubectl(args);
const rights = new Map<string, readonly Right[]>();

const admin = () => kubectl('get', 'clusterrole', 'admin', '--output=jsonpath={.rules}');
const found = (wanted: (right: Right) => boolean) =>
  [...rights].flatMap(([who, list]) => list.filter(wanted).map(right => `${who}: ${sentence(right)}`));
const may = (role: string, verb: string) =>
  (rights.get(`${role}, ${builtIn.includes(role) ? 'of creel.dev' : 'where it is bound'}`) ?? []).some(
    ({ resource, verbs }) => resource === 'approvalrequests.creel.dev' && verbs.includes(verb),
  );

beforeAll(async () => {
  await installChart([]);
  for (const role of [...roles, ...builtIn])
    await kubectl('create', 'rolebinding', role, `--clusterrole=${role}`, `--user=holder-of-${role}`, '-n', sandboxes);
  // Aggregation is a controller's work.
  await until('the rules to be aggregated', async () => (await admin()).includes('inferenceprofiles'));
  const last = 'holder-of-admin';
  await until('the bindings to hold', async () => (await listRights(last, sandboxes)).length > 0);
  for (const [name, user] of Object.entries(accounts)) {
    rights.set(`${name}, in a namespace of sandboxes`, await listRights(user, sandboxes));
    rights.set(`${name}, in its own`, await listRights(user, name === 'sandbox' ? sandboxes : system));
    rights.set(`${name}, elsewhere`, await listRights(user, 'kube-system'));
  }
  for (const role of roles) rights.set(`${role}, where it is bound`, await listRights(`holder-of-${role}`, sandboxes));
  for (const role of builtIn)
    rights.set(
      `${role}, of creel.dev`,
      (await listRights(`holder-of-${role}`, sandboxes)).filter(({ resource }) => resource.endsWith('.creel.dev')),
    );
});
afterAll(uninstallChart);

test('K25 it is what was reviewed (`vitest -u` after a change)', async () => {
  const lines = [...rights].map(([who, list]) => [who, list.map(sentence)]);
  await expect(stringify(Object.fromEntries(lines), { lineWidth: 0 })).toMatchFileSnapshot('rbac.golden.yaml');
});

describe('K25 in no answer is', () => {
  test('(the answers are there: a control)', () => {
    expect(found(({ verbs }) => verbs.includes('approve'))).toEqual([
      'creel-approver, where it is bound: approvalrequests.creel.dev: approve, get, list, patch, update, watch',
      'creel-admin, where it is bound: approvalrequests.creel.dev: approve, get, list, patch, update, watch',
    ]);
  });

  test('a wildcard', () => {
    expect(found(({ resource, verbs }) => [resource, ...verbs].some(text => text.includes('*')))).toEqual([]);
  });

  test('a verb that makes rights', () => {
    const verbs = ['escalate', 'bind', 'impersonate'];
    expect(found(right => right.verbs.some(verb => verbs.includes(verb)))).toEqual([]);
  });

  test('a way past the API server, or into it under another name', () => {
    const ways = ['nodes/proxy', 'pods/proxy', 'pods/attach', 'pods/portforward', 'pods/ephemeralcontainers'];
    const tokens = ['serviceaccounts/token', 'certificatesigningrequests.certificates.k8s.io'];
    expect(found(({ resource }) => [...ways, ...tokens].includes(resource))).toEqual([]);
  });

  test('a role or a binding', () => {
    expect(found(({ resource }) => resource.endsWith('.rbac.authorization.k8s.io'))).toEqual([]);
  });

  test('a Secret, but one’s own certificate and what a namespace’s administrator binds', () => {
    expect(found(({ resource }) => resource === 'secrets')).toEqual([
      'operator, in its own: secrets: create',
      'operator, in its own: secrets creel-hub-tls: get, patch',
      'webhook, in its own: secrets: create',
      'webhook, in its own: secrets creel-webhook-tls: get, patch',
      'creel-credentials, where it is bound: secrets: get',
    ]);
  });

  test('anything that the account of a sandbox may do', () => {
    expect(found(() => true).filter(line => line.startsWith('sandbox'))).toEqual([]);
  });
});

describe('who decides', () => {
  test.each(['view', 'edit', 'admin', 'creel-viewer', 'creel-user', 'creel-policy-admin'])('not %s', role => {
    expect(may(role, 'get')).toBe(true);
    for (const verb of ['approve', 'patch', 'update']) expect(may(role, verb), verb).toBe(false);
  });

  test.each(['creel-approver', 'creel-admin'])('%s', role => {
    for (const verb of ['approve', 'patch']) expect(may(role, verb)).toBe(true);
  });
});

function until(what: string, holds: () => Promise<boolean>): Promise<true> {
  return waitUntil(async () => ((await holds()) ? true : undefined), { what, timeoutMs: 30_000 });
}

function sentence({ resource, names, verbs }: Right): string {
  return `${[resource, ...names].join(' ')}: ${verbs.join(', ')}`;
}
