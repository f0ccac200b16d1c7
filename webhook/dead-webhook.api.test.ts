// K14: the webhook is killed, or black-holed, or was never there. Nothing unsafe is let in, and what stops an agent still works.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApprovalRequest } from '../crds/schema/approval-request.ts';
import { compileGrants } from '../engine/compile/compile-grants.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { type ApiAnswer, type ApiCall, type ApiCaller, openApiCaller } from './testing/api-caller.ts';
import { installWithWebhook, startWebhook, uninstallWithWebhook, type WebhookProcess } from './testing/webhook-lab.ts';

const namespace = testNamespace('dead-webhook', {
  'creel.dev/sandboxes': 'true',
  'pod-security.kubernetes.io/enforce': 'privileged',
});
const operator = {
  user: 'system:serviceaccount:creel-system:creel-operator',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:creel-system', 'system:authenticated'],
};
const apiRoot = '/apis/creel.dev/v1alpha1';
const merge = 'application/merge-patch+json';
const by = 'kubernetes-admin';
const slowMs = 60_000;

let webhook: WebhookProcess | undefined;
let caller: ApiCaller | undefined;
const call = (request: ApiCall): Promise<ApiAnswer> => {
  if (caller === undefined) throw new Error('the set-up failed');
  return caller.call(request);
};
const pathOf = (plural: string) => `${apiRoot}/namespaces/${namespace}/${plural}`;
const object = (kind: string, name: string, spec: object) => ({
  apiVersion: 'creel.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
});
const policySpec = (host: string) => ({
  sandboxSelector: {},
  allow: [{ name: 'r', to: [{ host, ports: [443] }], protocol: 'TLS' }],
});
const ask = async (name: string, host: string): Promise<string> => {
  const sandbox = { name: 'box', uid: '6f0c5b0e-0000-4000-8000-000000000000' };
  const egress = { host, port: 443, reason: 'NotListed' };
  const body = object('ApprovalRequest', name, { type: 'Egress', sandbox, egress });
  const made = await call({ method: 'POST', path: pathOf('approvalrequests'), body, as: operator });
  expect(made.message).toBe('');
  return `${pathOf('approvalrequests')}/${name}`;
};
const tryPolicy = (host: string) =>
  call({
    method: 'POST',
    path: pathOf('egresspolicies'),
    query: { dryRun: 'All' },
    body: object('EgressPolicy', 'n', policySpec(host)),
  });
const patch = (path: string, body: object) => call({ method: 'PATCH', path, contentType: merge, body });

beforeAll(async () => {
  await installWithWebhook();
  webhook = await startWebhook();
  caller = await openApiCaller();
  const made = await call({
    method: 'POST',
    path: pathOf('sandboxes'),
    body: object('Sandbox', 'box', { image: 'example.org/agent:1' }),
  });
  expect(made.message).toBe('');
  await call({
    method: 'POST',
    path: pathOf('egresspolicies'),
    body: object('EgressPolicy', 'kept', policySpec('a.example')),
  });
});
afterAll(async () => {
  await call({ method: 'DELETE', path: `${apiRoot}/clusteregresspolicies/brake` });
  await caller?.close();
  await webhook?.stop('SIGKILL');
  await uninstallWithWebhook();
});

describe('K14 with the webhook killed', () => {
  beforeAll(async () => void (await webhook?.stop('SIGKILL')));

  test.each([
    ['Sandbox', 'sandboxes', { image: 'example.org/agent:1' }],
    ['EgressPolicy', 'egresspolicies', policySpec('b.example')],
    ['InferenceProfile', 'inferenceprofiles', { provider: 'OpenAI', endpoint: 'https://m.example/v1', model: 'm' }],
  ])(
    'a new %s is refused, and told by whom',
    async (kind, plural, spec) => {
      const refused = await call({ method: 'POST', path: pathOf(plural), body: object(kind, 'new', spec) });
      expect(refused.status).toBe(500);
      expect(refused.message).toContain('failed calling webhook "specs.creel.dev"');
      expect((await call({ method: 'GET', path: `${pathOf(plural)}/new` })).status).toBe(404);
    },
    slowMs,
  );

  test(
    'what is unsafe is refused by whoever sees it first: schema, admission policies, this',
    async () => {
      const unsafe: ApiCall[] = [
        {
          method: 'POST',
          path: pathOf('sandboxes'),
          body: object('Sandbox', 'u', { image: 'i', user: { uid: 1337 } }),
        },
        { method: 'POST', path: pathOf('egresspolicies'), body: object('EgressPolicy', 'u', policySpec('*.com')) },
        {
          method: 'PATCH',
          path: `${pathOf('egresspolicies')}/kept`,
          contentType: merge,
          body: { spec: policySpec('*.com') },
        },
        { method: 'POST', path: pathOf('approvalrequests'), body: object('ApprovalRequest', 'u', { type: 'Egress' }) },
        {
          method: 'POST',
          path: `/api/v1/namespaces/${namespace}/pods`,
          body: {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: { name: 'u' },
            spec: { hostNetwork: true, containers: [{ name: 'c', image: 'i' }] },
          },
        },
      ];
      for (const request of unsafe) {
        const { status, message } = await call(request);
        expect(status, `${request.method} ${request.path}: ${message}`).toBeGreaterThanOrEqual(400);
      }
    },
    slowMs,
  );

  test(
    'an approval of what nobody may approve is refused by an admission policy; one beyond a ceiling is taken, and grants nothing',
    async () => {
      const approve = { spec: { decision: { verdict: 'Approve', for: '1h', by } } };
      expect((await patch(await ask('apr-never', '169.254.169.254'), approve)).status).toBe(403);
      const approved = await patch(await ask('apr-beyond', 'beyond.example'), approve);
      expect(approved.status).toBe(200);
      const request = approved.object as unknown as ApprovalRequest;
      const granted = (hosts: string[]) =>
        compileGrants({
          sandboxUid: request.spec.sandbox.uid,
          requests: [request],
          nowMs: Date.now(),
          ceilings: [{ policy: 'cluster/c', spec: { hosts } }],
        });
      expect(granted(['beyond.example']).grants.items).toHaveLength(1);
      expect(granted(['a.example']).grants.items).toEqual([]);
      expect(granted(['a.example']).refusals.get(request.metadata.name)).toContain('cluster/c');
    },
    slowMs,
  );

  test(
    'Approve, Deny, Snooze and Revoke work in one’s own name; in another’s or in none they do not',
    async () => {
      const path = await ask('apr-life', 'paste.example.org');
      const decide = (decision: object) => patch(path, { spec: { decision } });
      expect((await decide({ verdict: 'Deny' })).message).toContain('spec.decision.by must be the name');
      expect((await decide({ verdict: 'Snooze', by: 'someone' })).status).toBe(403);
      expect((await decide({ verdict: 'Snooze', by })).status).toBe(200);
      expect((await decide({ verdict: 'Approve', for: '1h', by })).status).toBe(200);
      expect((await decide({ verdict: 'Revoke', by })).status).toBe(200);
      const denied = await ask('apr-denied', 'other.example.org');
      expect((await patch(denied, { spec: { decision: { verdict: 'Deny', by } } })).status).toBe(200);
    },
    slowMs,
  );

  test(
    'what stops an agent works: suspend, freeze, delete; so do labels and finalizers',
    async () => {
      const box = `${pathOf('sandboxes')}/box`;
      expect((await patch(box, { spec: { lifecycle: { suspend: true } } })).message).toBe('');
      expect((await patch(box, { metadata: { labels: { note: 'x' } } })).status).toBe(200);
      const brake = `${apiRoot}/clusteregresspolicies`;
      const freeze = { namespaceSelector: { matchLabels: { none: 'x' } }, freeze: true };
      expect(
        (await call({ method: 'POST', path: brake, body: object('ClusterEgressPolicy', 'brake', freeze) })).message,
      ).toBe('');
      expect((await patch(`${brake}/brake`, { spec: { freeze: false } })).status).toBe(500);
      expect((await call({ method: 'DELETE', path: `${brake}/brake` })).status).toBe(200);
      expect((await patch(box, { spec: { lifecycle: { suspend: false } } })).status).toBe(500);
      // Garbage collection, controllers and pods of the cluster do not wait for it.
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'own' },
        spec: { containers: [{ name: 'c', image: 'example.org/i:1' }] },
      };
      const own = {
        method: 'POST',
        path: '/api/v1/namespaces/creel-system/pods',
        body: pod,
        query: { dryRun: 'All' },
      } as const;
      expect((await call(own)).status).toBe(201);
    },
    slowMs,
  );

  test(
    'a new one takes over by itself',
    async () => {
      webhook = await startWebhook();
      const again = { method: 'POST', path: pathOf('egresspolicies'), query: { dryRun: 'All' } } as const;
      await expect
        .poll(
          async () => (await call({ ...again, body: object('EgressPolicy', 'n', policySpec('b.example')) })).status,
          { timeout: 20_000 },
        )
        .toBe(201);
      expect((await call({ ...again, body: object('EgressPolicy', 'n', policySpec('*.com')) })).status).toBe(422);
    },
    slowMs,
  );
});

test(
  'an administrator recovers as docs/admission.md says: without the two configurations everything is taken again',
  async () => {
    await webhook?.stop('SIGKILL');
    const of = 'creel-webhook';
    await currentCluster().kubectl(['delete', 'validatingwebhookconfiguration,mutatingwebhookconfiguration', of]);
    await expect.poll(async () => (await tryPolicy('b.example')).status, { timeout: 20_000 }).toBe(201);
    expect((await tryPolicy('a b')).status).toBe(422);
  },
  slowMs,
);
