// What users see of the kinds: columns, short names, the category, `kubectl explain`.
import { beforeAll, describe, expect, test } from 'vitest';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { kinds } from './schema/kinds.ts';

const namespace = testNamespace('schema');
const kubectl = (...args: string[]) => currentCluster().kubectl(['--namespace', namespace, ...args]);
const create = (object: object) =>
  currentCluster().kubectl(['create', '-f-', '-n', namespace], { stdin: JSON.stringify(object) });

beforeAll(async () => {
  await kubectl('apply', '--server-side', `--filename=${import.meta.dirname}`);
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
  await create({
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 'box' },
    spec: { image: 'example.org/agent:1' },
  });
  await kubectl(
    'patch',
    'csb/box',
    '--subresource=status',
    '--type=merge',
    '--patch',
    JSON.stringify({ status: boxStatus }),
  );
  await create({
    apiVersion: 'creel.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: { name: 'apr-box' },
    spec: {
      type: 'Egress',
      sandbox: { name: 'box', uid: 'u' },
      egress: {
        host: 'paste.example.org',
        port: 443,
        reason: 'NotListed',
        binary: { path: '/usr/bin/curl', sha256: 'a'.repeat(64) },
      },
    },
  });
  const status = { phase: 'Enforced', hits: 50, expiresAt: '2030-01-01T00:00:00Z', samples: ['GET /a'] };
  await kubectl('patch', 'apr/apr-box', '--subresource=status', '--type=merge', '--patch', JSON.stringify({ status }));
});

const boxStatus = {
  phase: 'Running',
  pending: 2,
  pod: 'csb-box',
  inference: { profile: 'nvidia-cloud', model: 'nvidia/nemotron-3-super-120b-a12b' },
  policy: { revision: '3.8', enforcedRevision: '3.7' },
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Running',
      message: 'all is well',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
};

test('a Sandbox shows phase, model, what waits, and which policy is enforced', async () => {
  const [head = '', row = ''] = (await kubectl('get', 'csb')).split('\n');
  expect(words(head)).toEqual(['NAME', 'PHASE', 'READY', 'PROFILE', 'MODEL', 'PENDING', 'ENFORCED', 'POLICY', 'AGE']);
  expect(words(row).slice(0, -1)).toEqual(
    'box Running True nvidia-cloud nvidia/nemotron-3-super-120b-a12b 2 3.7 3.8'.split(' '),
  );
});

test('an ApprovalRequest shows what was wanted, by which binary, and until when it is allowed', async () => {
  const [head = '', row = ''] = (await kubectl('get', 'apr', '--output=wide')).split('\n');
  expect(words(head)).toEqual(
    'NAME SANDBOX HOST PORT BINARY HITS STATUS EXPIRES BY SCOPE USES LEFT REQUEST AGE'.split(' '),
  );
  expect(row).toMatch(
    /^apr-box +box +paste\.example\.org +443 +\/usr\/bin\/curl +50 +Enforced +2030-01-01T00:00:00Z .* GET \/a /,
  );
});

test('`kubectl get creel` lists every namespaced kind', async () => {
  const listed = await kubectl('get', 'creel', '--output=name');
  expect(listed).toContain('sandbox.creel.dev/box');
  expect(listed).toContain('approvalrequest.creel.dev/apr-box');
});

test.each(kinds.map(({ kind, shortName, plural }) => ({ kind, shortName, plural })))(
  '$kind is $shortName for short',
  async ({ shortName, plural }) => {
    const resources = await kubectl('api-resources', '--api-group=creel.dev', '--no-headers');
    expect(resources).toMatch(new RegExp(`^${plural} +${shortName} `, 'm'));
  },
);

describe('kubectl explain tells what a field is', () => {
  test.each([
    ['sandbox.spec.egress.onUnlisted', /put before a person \(default Ask\) or refused/],
    ['sandbox.spec.workspace.size', /PersistentVolumeClaim behind \/sandbox/],
    ['egresspolicy.spec.allow.to.host', /exactly one label more/],
    ['egresspolicy.spec.allow.protocol', /opaque/i],
    ['inferenceprofile.spec.credential', /creel\.dev\/allowed-hosts/],
    ['approvalrequest.spec.decision.for', /until the pod is replaced/],
    ['clusteregresspolicy.spec.freeze', /stops all egress/],
  ])('%s', async (field, text) => {
    expect((await kubectl('explain', field)).replaceAll(/\s+/g, ' ')).toMatch(text);
  });
});

function words(line: string): string[] {
  return line.trim().split(/ {2,}|\s+/);
}
