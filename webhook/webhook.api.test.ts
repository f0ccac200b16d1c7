// What authors and approvers meet: the webhook as its own process, called by the real API server as the chart says.
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kinds } from '../crds/schema/kinds.ts';
import { CommandError } from '../test/cluster/base/run-command.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { fieldPath } from './rules/describe-issue.ts';
import { type ApiAnswer, type ApiCall, type ApiCaller, openApiCaller } from './testing/api-caller.ts';
import { installWithWebhook, startWebhook, uninstallWithWebhook, type WebhookProcess } from './testing/webhook-lab.ts';

const sandboxes = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespace = testNamespace('webhook', sandboxes);
const bounded = testNamespace('webhook-bounded', { ...sandboxes, 'team.example/bounded': 'true' });
const operator = {
  user: 'system:serviceaccount:creel-system:creel-operator',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:creel-system', 'system:authenticated'],
};
const approver = { user: 'ann', groups: ['webhook-approvers', 'system:authenticated'] };
const another = { user: 'bob', groups: ['webhook-approvers', 'system:authenticated'] };
const apiRoot = '/apis/creel.dev/v1alpha1';
const merge = 'application/merge-patch+json';

let webhook: WebhookProcess | undefined;
let caller: ApiCaller | undefined;
const call = (asked: ApiCall): Promise<ApiAnswer> => {
  if (caller === undefined) throw new Error('the set-up failed');
  return caller.call(asked);
};
const pathOf = (plural: string, where = namespace) => `${apiRoot}/namespaces/${where}/${plural}`;
const dryRun = { dryRun: 'All', fieldValidation: 'Strict' };

const object = (kind: string, name: string, spec: object) => ({
  apiVersion: 'creel.dev/v1alpha1',
  kind,
  metadata: { name },
  spec,
});
const rule = (overrides: object = {}) => ({
  name: 'r',
  to: [{ host: 'api.example.com', ports: [443] }],
  protocol: 'TLS',
  ...overrides,
});
const policy = (name: string, ...allow: object[]) => object('EgressPolicy', name, { sandboxSelector: {}, allow });
const tryPolicy = (body: object, where = namespace) =>
  call({ method: 'POST', path: pathOf('egresspolicies', where), body, query: dryRun });

const specWithTest = (expectation: string) => ({
  sandboxSelector: {},
  allow: [rule()],
  tests: [{ request: { host: 'api.example.com', port: 443 }, expect: expectation }],
});

const makeCeiling = (hosts: string[]) => ({
  method: 'POST' as const,
  path: `${apiRoot}/clusteregresspolicies`,
  body: object('ClusterEgressPolicy', 'c', { namespaceSelector: {}, ceiling: { hosts } }),
  query: dryRun,
});

const tryProfile = (endpoint: string) =>
  call({
    method: 'POST',
    path: pathOf('inferenceprofiles'),
    body: object('InferenceProfile', 'p', { provider: 'OpenAI', endpoint, model: 'm' }),
    query: dryRun,
  });

const decide = (path: string, decision: object, as = approver) =>
  call({ method: 'PATCH', path, contentType: merge, body: { spec: { decision } }, as });
const byOf = ({ object: { spec } }: ApiAnswer) => (spec?.['decision'] as { by?: string } | undefined)?.by;

const creator = 'creel.dev/created-by';
const sandboxWith = (annotations: object = {}) => ({
  ...object('Sandbox', 'made', { image: 'example.org/agent:1' }),
  metadata: { name: 'made', annotations },
});

beforeAll(async () => {
  await installWithWebhook();
  webhook = await startWebhook();
  caller = await openApiCaller();
  const ceiling = {
    hosts: ['api.example.com', 'paste.example.org'],
    ports: [443],
    maxDuration: '1h',
  };
  await currentCluster().kubectl(['apply', '--filename=-'], {
    stdin: JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        object('ClusterEgressPolicy', 'webhook-tests', {
          namespaceSelector: { matchLabels: { 'team.example/bounded': 'true' } },
          ceiling,
        }),
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRoleBinding',
          metadata: { name: 'webhook-approvers' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'creel-approver' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'webhook-approvers' }],
        },
      ],
    }),
  });
});
afterAll(async () => {
  await currentCluster().kubectl(['delete', 'cegp', 'webhook-tests', '--ignore-not-found']);
  await currentCluster().kubectl(['delete', 'clusterrolebinding', 'webhook-approvers', '--ignore-not-found']);
  await caller?.close();
  await webhook?.stop('SIGTERM');
  await uninstallWithWebhook();
});

describe('samples: one verdict, by zod, and every mistake in one message', () => {
  interface Sample {
    readonly kind: string;
    readonly metadata: { readonly name: string };
  }
  const samples = (folder: string) =>
    readdirSync(join(import.meta.dirname, '../crds/samples', folder))
      .flatMap(file =>
        parseAllDocuments(readFileSync(join(import.meta.dirname, '../crds/samples', folder, file), 'utf8'), {
          version: '1.1',
        }).map(document => document.toJS() as Sample),
      )
      // Those are the operator's to make, and their decisions are tried below.
      .filter(({ kind }) => kind !== 'ApprovalRequest');
  const create = (sample: Sample) => {
    const kind = kinds.find(entry => entry.kind === sample.kind);
    const path = kind?.scope === 'Cluster' ? `${apiRoot}/${kind.plural}` : pathOf(kind?.plural ?? '');
    return call({ method: 'POST', path, body: sample, query: dryRun });
  };
  const issuesOf = (sample: Sample) =>
    kinds.find(({ kind }) => kind === sample.kind)?.schema.safeParse(sample).error?.issues ?? [];

  test.each(samples('valid'))('taken: $kind $metadata.name', async sample => {
    expect(await create(sample)).toMatchObject({ status: 201, message: '' });
  });

  test.each([...samples('invalid'), ...samples('stored')])('refused: $kind $metadata.name', async sample => {
    const answer = await create(sample);
    expect(answer.status).toBe(answer.message.includes('strict decoding error') ? 400 : 422);
    if (answer.status === 400) return;
    const fields = issuesOf(sample).flatMap(issue =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map(key => fieldPath([...issue.path, key]))
        : [fieldPath(issue.path) || 'metadata'],
    );
    expect(fields.length).toBeGreaterThan(0);
    expect(answer.fields).toEqual(expect.arrayContaining(fields));
  });
});

describe('a policy', () => {
  test('three sorts of mistakes are one refusal, which kubectl prints as a list', async () => {
    const body = policy(
      'many',
      rule({ name: 'a', to: [{ host: 'ex_ample.com', ports: [443] }] }),
      rule({ name: 'b', to: [{ host: 'a.com', ports: ['x'] }], protocol: 'TLSX', htttp: {} }),
      rule({ name: 'c', protocol: 'HTTP' }),
    );
    const printed = await kubectlSays(body);
    expect(printed).toMatch(/The EgressPolicy "many" is invalid: \n(\* .*\n)+/);
    expect(printed.split('\n').filter(line => line.startsWith('* '))).toEqual([
      expect.stringMatching(
        /^\* spec\.allow\[0\] \(a\): host "ex_ample\.com" is no canonical name .*; write it in A-labels/,
      ),
      expect.stringMatching(
        /^\* spec\.allow\[1\]\.htttp: unknown field; correct its name or remove it \(kubectl explain /,
      ),
      expect.stringMatching(/^\* spec\.allow\[1\]\.protocol: "TLSX" is none of HTTP, .*; choose one of them/),
      expect.stringMatching(/^\* spec\.allow\[1\]\.to\[0\]\.ports\[0\]: "x" is no number; write a number/),
      expect.stringMatching(/^\* spec\.allow\[2\]: protocol and block must agree/),
    ]);
  });

  test('whose own test fails is refused by name of the test; one whose tests pass is taken', async () => {
    expect(await tryPolicy(object('EgressPolicy', 't', specWithTest('Allow')))).toMatchObject({ status: 201 });
    const refused = await tryPolicy(object('EgressPolicy', 't', specWithTest('Deny')));
    expect(refused).toMatchObject({ status: 422, fields: ['spec.tests[0]'] });
    expect(refused.message).toContain('api.example.com:443 is Allow');
  });

  test('with a rule that contradicts another of its own is refused; of another policy, warned of', async () => {
    const inspected = rule({ name: 'inspected', protocol: 'HTTP', http: { access: 'Full' } });
    const own = await tryPolicy(policy('p', rule(), inspected));
    expect(own).toMatchObject({ status: 422, fields: ['spec.allow[0] (r)', 'spec.allow[1] (inspected)'] });
    const stored = { method: 'POST', path: pathOf('egresspolicies'), body: policy('opaque', rule()) } as const;
    expect((await call(stored)).status).toBe(201);
    await expect
      .poll(async () => (await tryPolicy(policy('p', inspected))).warnings, { timeout: 15_000 })
      .toEqual([expect.stringContaining(`opaque in the other, ${namespace}/opaque/r`)]);
    await call({ method: 'DELETE', path: `${pathOf('egresspolicies')}/opaque` });
  });

  test('what is legal and risky is warned of', async () => {
    const answer = await tryPolicy(
      policy(
        'w',
        rule({ to: [{ host: '**.example.com', ports: [443] }], mode: 'Audit', binaries: ['/usr/bin/python3'] }),
      ),
    );
    expect(answer.status).toBe(201);
    expect(answer.warnings).toEqual([
      expect.stringContaining('mode Audit'),
      expect.stringContaining('**.example.com'),
      expect.stringContaining('/usr/bin/python3 runs any script'),
    ]);
  });

  test('beyond the ceiling of its namespace is refused with its name; in another namespace it is taken', async () => {
    const beyond = policy('b', rule({ to: [{ host: 'elsewhere.example', ports: [443] }] }));
    await expect.poll(async () => (await tryPolicy(beyond, bounded)).status, { timeout: 15_000 }).toBe(422);
    const refused = await tryPolicy(beyond, bounded);
    expect(refused.message).toContain('elsewhere.example is beyond the ceiling of cluster/webhook-tests');
    expect(await tryPolicy(beyond)).toMatchObject({ status: 201 });
    expect(await tryPolicy(policy('within', rule()), bounded)).toMatchObject({ status: 201 });
  });

  test('of the cluster: a ceiling that covers nothing is refused; one that takes from rules is warned of', async () => {
    expect(await call(makeCeiling(['https://a.example']))).toMatchObject({
      status: 422,
      fields: ['spec.ceiling.hosts[0]'],
    });
    await call({ method: 'POST', path: pathOf('egresspolicies'), body: policy('kept', rule()) });
    await expect
      .poll(async () => (await call(makeCeiling(['other.example']))).warnings.join(), { timeout: 15_000 })
      .toContain(`takes everything from rules that exist: ${namespace}/kept/r`);
    await call({ method: 'DELETE', path: `${pathOf('egresspolicies')}/kept` });
  });

  test('an InferenceProfile leads to no loopback and to nothing unencrypted', async () => {
    expect(await tryProfile('https://models.example/v1')).toMatchObject({ status: 201 });
    for (const endpoint of ['https://127.0.0.1/v1', 'https://169.254.169.254/', 'http://models.example/v1'])
      expect(await tryProfile(endpoint), endpoint).toMatchObject({ status: 422, fields: ['spec.endpoint'] });
  });
});

describe('every way in', () => {
  const good = policy('ways', rule());
  const bad = { spec: { allow: [rule({ to: [{ host: '*.com', ports: [443] }] })] } };
  const path = `${pathOf('egresspolicies')}/ways`;
  const says = 'would allow every domain under com';

  test('K16 a dry run has the same verdict, and nothing stays', async () => {
    const body = policy('dry', rule({ to: [{ host: '*.com', ports: [443] }] }));
    const asked = { method: 'POST', path: pathOf('egresspolicies'), body } as const;
    const [dry, real] = [await call({ ...asked, query: { dryRun: 'All' } }), await call(asked)];
    expect([dry.status, dry.message]).toEqual([real.status, real.message]);
    expect(dry.message).toContain(says);
    const taken = { method: 'POST', path: pathOf('egresspolicies'), body: policy('dry', rule()) } as const;
    expect((await call({ ...taken, query: { dryRun: 'All' } })).status).toBe(201);
    expect((await call({ method: 'GET', path: `${pathOf('egresspolicies')}/dry` })).status).toBe(404);
  });

  test('K18 what was compliant stays so: merge, JSON and server-side patches, updates, and nothing by way of the status', async () => {
    expect((await call({ method: 'POST', path: pathOf('egresspolicies'), body: good })).status).toBe(201);
    const stored = await call({ method: 'GET', path });
    const replaced = { ...stored.object, spec: { ...stored.object.spec, ...bad.spec } };
    const ways: ApiCall[] = [
      { method: 'PATCH', path, contentType: merge, body: bad },
      {
        method: 'PATCH',
        path,
        contentType: 'application/json-patch+json',
        body: [{ op: 'replace', path: '/spec/allow/0/to/0/host', value: '*.com' }],
      },
      {
        method: 'PATCH',
        path,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'k18', force: 'true' },
        body: { ...good, spec: { sandboxSelector: {}, ...bad.spec } },
      },
      { method: 'PUT', path, body: replaced },
    ];
    for (const way of ways) {
      const answer = await call(way);
      expect(answer, way.contentType ?? way.method).toMatchObject({ status: 422 });
      expect(answer.message).toContain(says);
    }
    await call({ method: 'PATCH', path: `${path}/status`, contentType: merge, body: bad });
    expect((await call({ method: 'GET', path })).object.spec).toEqual(stored.object.spec);
    expect((await call({ method: 'PATCH', path: `${path}/scale`, contentType: merge, body: bad })).status).toBe(404);
    const control = { spec: { allow: [rule({ to: [{ host: 'b.example.com', ports: [443] }] })] } };
    expect((await call({ method: 'PATCH', path, contentType: merge, body: control })).status).toBe(200);
    await call({ method: 'DELETE', path });
  });

  test('K17 no field is lost on the way through, known or not', async () => {
    const labels = { 'team.example/own': 'x' };
    const annotations = { 'team.example/note': '\u{1f600} "quoted" \\ back', 'a/b': '' };
    const spec = {
      sandboxSelector: { matchLabels: { app: 'agent' } },
      allow: [rule({ protocol: 'HTTP', http: { allow: [{ methods: ['GET'], path: '/a/**', query: { q: '*' } }] } })],
      tests: [{ request: { host: 'api.example.com', port: 443, path: '/a/b?q=1' }, expect: 'Allow' }],
    };
    const body = { ...object('EgressPolicy', 'whole', spec), metadata: { name: 'whole', labels, annotations } };
    const made = await call({ method: 'POST', path: pathOf('egresspolicies'), body });
    expect(made).toMatchObject({ status: 201, object: { metadata: { labels, annotations }, spec } });
    const sandbox = {
      ...object('Sandbox', 'whole', { image: 'example.org/a:1', env: [{ name: 'A', value: '<&>' }] }),
      metadata: { name: 'whole', labels, annotations },
    };
    const boxed = await call({ method: 'POST', path: pathOf('sandboxes'), body: sandbox, query: dryRun });
    expect(boxed.object).toMatchObject({
      metadata: { labels, annotations: { ...annotations, 'creel.dev/created-by': 'kubernetes-admin' } },
      spec: sandbox.spec,
    });
    await call({ method: 'DELETE', path: `${pathOf('egresspolicies')}/whole` });
  });
});

describe('a decision', () => {
  let count = 0;
  /** An open request as the operator makes it; answers its path. */
  const ask = async (egress: object = {}, where = namespace): Promise<string> => {
    const name = `apr-${++count}`;
    const body = object('ApprovalRequest', name, {
      type: 'Egress',
      sandbox: { name: 'box', uid: '6f0c5b0e-0000-4000-8000-000000000000' },
      egress: { host: 'paste.example.org', port: 443, reason: 'NotListed', ...egress },
    });
    const made = await call({ method: 'POST', path: pathOf('approvalrequests', where), body, as: operator });
    expect(made.message).toBe('');
    return `${pathOf('approvalrequests', where)}/${name}`;
  };

  test('A23 of bare kubectl carries the name that the API server knows, whatever was there before', async () => {
    const path = await ask();
    expect(byOf(await decide(path, { verdict: 'Approve', for: '1h' }))).toBe('ann');
    expect(byOf(await decide(path, { verdict: 'Revoke' }, another))).toBe('bob');
  });

  test('A23 in another name is refused, not corrected in silence', async () => {
    const path = await ask();
    const forged = await decide(path, { verdict: 'Approve', for: '1h', by: 'the-boss' });
    expect(forged).toMatchObject({ status: 403 });
    expect(forged.message).toContain('spec.decision.by must be the name');
    expect(byOf(await decide(path, { verdict: 'Deny', by: 'ann' }))).toBe('ann');
  });

  test.each(['169.254.169.254', '127.0.0.1', '::1', 'localhost', 'metadata.google.internal', 'kubernetes.default'])(
    'A18 nobody approves %s; it can be denied',
    async host => {
      const path = await ask({ host });
      const refused = await decide(path, { verdict: 'Approve', for: '1h' });
      expect(refused).toMatchObject({ status: 403, fields: ['spec.egress.host'] });
      expect(refused.message).toContain('which nobody may approve; deny it: kubectl creel deny apr/');
      expect((await decide(path, { verdict: 'Deny' })).status).toBe(200);
    },
  );

  test('A18 nobody approves the API server by its own address', async () => {
    const path = await ask({ host: new URL(currentCluster().apiServerUrl).hostname, port: 6443 });
    expect((await decide(path, { verdict: 'Approve', for: '1h' })).message).toContain('belongs to the cluster itself');
  });

  test.each([
    ['a host', { host: 'elsewhere.example' }, { for: '1h' }],
    ['a port', { port: 8443 }, { for: '1h' }],
    ['a time', {}, { for: '2h' }],
    ['no end', {}, { for: 'forever' }],
  ])('beyond a ceiling is refused with its name: %s; denying is not', async (_what, egress, decision) => {
    const path = await ask(egress, bounded);
    await expect
      .poll(async () => (await decide(path, { verdict: 'Approve', scope: 'Endpoint', ...decision })).status)
      .toBe(403);
    const refused = await decide(path, { verdict: 'Approve', scope: 'Endpoint', ...decision });
    expect(refused.message).toMatch(/ceiling/);
    expect((await decide(path, { verdict: 'Deny' })).status).toBe(200);
  });

  test('within the ceiling is taken', async () => {
    const path = await ask({}, bounded);
    expect((await decide(path, { verdict: 'Approve', scope: 'Endpoint', for: '30m' })).status).toBe(200);
  });

  test('that would not be in force is refused with what to do', async () => {
    const path = await ask();
    const refused = await decide(path, { verdict: 'Approve', scope: 'Binary', for: '1h' });
    expect(refused.message).toContain('approve with scope Endpoint');
  });
});

test('what it writes is no difference to whoever applies files again', async () => {
  const files = JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [policy('applied', rule()), object('Sandbox', 'applied', { image: 'example.org/agent:1' })],
  });
  const apply = (...args: string[]) =>
    currentCluster().kubectl([...args, '-n', namespace, '--filename=-'], { stdin: files });
  for (const way of [['--server-side'], []]) {
    await apply('apply', ...way);
    // It ends with 1 where there is a difference.
    expect(await apply('diff', ...way)).toBe('');
    await apply('delete');
  }
});

test('A24 who changes a policy is written beside it, and nobody else’s name', async () => {
  const changer = 'creel.dev/changed-by';
  const path = `${pathOf('egresspolicies')}/changed`;
  const body = (spec: object) => ({
    ...object('EgressPolicy', 'changed', spec),
    metadata: { name: 'changed', annotations: { [changer]: '1 somebody-else' } },
  });
  const made = await call({ method: 'POST', path: pathOf('egresspolicies'), body: body({ sandboxSelector: {} }) });
  expect(made.object.metadata?.annotations?.[changer]).toBe('1 kubernetes-admin');
  const deny = [{ name: 'd', to: [{ host: 'bad.example.com' }] }];
  const changed = await call({ method: 'PATCH', path, contentType: merge, body: { spec: { deny } } });
  expect(changed.object.metadata?.annotations?.[changer]).toBe('2 kubernetes-admin');
  const labelled = await call({
    method: 'PATCH',
    path,
    contentType: merge,
    body: { metadata: { labels: { seen: '1' } } },
  });
  expect(labelled.object.metadata?.annotations?.[changer]).toBe('2 kubernetes-admin');
  await call({ method: 'DELETE', path });
});

describe('who made a Sandbox', () => {
  test('is written by the API server’s word, not by the author’s', async () => {
    const asked = { method: 'POST', path: pathOf('sandboxes'), query: dryRun } as const;
    for (const claim of [{}, { [creator]: 'somebody-else' }])
      expect((await call({ ...asked, body: sandboxWith(claim) })).object.metadata?.annotations?.[creator]).toBe(
        'kubernetes-admin',
      );
  });
});

test('K26 how often it was asked is counted, for who may read it; nothing of a review is', async () => {
  expect((await scrape(undefined)).status).toBe(401);
  const account = async (name: string) => {
    await currentCluster().kubectl(['create', 'serviceaccount', name, '-n', namespace]);
    return (await currentCluster().kubectl(['create', 'token', name, '-n', namespace])).trim();
  };
  const [stranger, scraper] = [await account('stranger'), await account('scraper')];
  expect((await scrape(stranger)).status).toBe(403);
  const binding = ['webhook-scraper', '--clusterrole=creel-metrics-reader', `--serviceaccount=${namespace}:scraper`];
  await currentCluster().kubectl(['create', 'clusterrolebinding', ...binding]);
  await expect.poll(async () => (await scrape(scraper)).status, { timeout: 15_000 }).toBe(200);
  const { text } = await scrape(scraper);
  await currentCluster().kubectl(['delete', 'clusterrolebinding', 'webhook-scraper']);
  expect(text).toMatch(
    /creel_admission_review_seconds_count\{phase="mutate",kind="EgressPolicy",outcome="Refused"\} [1-9]/,
  );
  expect(text).not.toContain('example.com');
});

function scrape(token: string | undefined): Promise<{ readonly status: number; readonly text: string }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    request({ port: webhook?.port, path: '/metrics', rejectUnauthorized: false, headers }, response => {
      let text = '';
      response.on('data', chunk => (text += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

/** What kubectl prints when it refuses. */
async function kubectlSays(body: object): Promise<string> {
  try {
    return await currentCluster().kubectl(['create', '-n', namespace, '--filename=-'], { stdin: JSON.stringify(body) });
  } catch (error) {
    if (error instanceof CommandError) return error.stderr;
    throw error;
  }
}
