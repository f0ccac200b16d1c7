// Every case twice on a real API server: without the policies each deny case passes (the control), with the chart's each verdict holds.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installChart, uninstallChart } from '../../charts/testing/chart-release.ts';
import { currentCluster } from '../../test/cluster/current-cluster.ts';
import { testNamespace } from '../../test/cluster/test-namespace.ts';
import { type AdmissionLab, openAdmissionLab, removeRights, type Verdict, withUids } from './testing/admission-lab.ts';
import { type AdmissionCase, type CaseFile, readCaseFiles } from './testing/case-file.ts';
import { type CaseNamespaces, caseRequest, substituted } from './testing/case-request.ts';

const root = join(import.meta.dirname, '../..');
const sandboxes = { 'creel.dev/sandboxes': 'true', 'pod-security.kubernetes.io/enforce': 'privileged' };
const namespaces: CaseNamespaces = {
  $NS: testNamespace('adm', sandboxes),
  $OTHER: testNamespace('adm-other', sandboxes),
  $PLAIN: testNamespace('adm-plain'),
};
const files = readCaseFiles();
const cases = files.flatMap(file => file.cases.map(entry => ({ entry, file, title: titleOf(file, entry) })));
const kubectl = (...args: string[]) => currentCluster().kubectl([...args, '--namespace=creel-system']);
const policyLagMs = 15_000;
let lab: AdmissionLab | undefined;

beforeAll(async () => {
  await currentCluster().kubectl(['apply', '--server-side', `--filename=${join(root, 'crds')}`]);
  await currentCluster().kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  lab = await openAdmissionLab(namespaces, files);
});
afterAll(async () => {
  await lab?.close();
  await removeRights();
});

describe('without the policies', () => {
  const denied = cases.filter(({ entry }) => entry.deny !== undefined);
  test.each(denied)('nothing else refuses: $title', async ({ entry, file }) => {
    const verdict = await ask(entry, file);
    expect(reached(entry, verdict), verdict.message).toBe(true);
  });
});

describe.each([
  ['with the policies of the chart', cases.filter(({ file }) => file.values === undefined)],
  ['with the guardrails of the chart', cases.filter(({ file }) => file.values !== undefined)],
])('%s', (_what, held) => {
  const policies = [...new Set(held.map(({ file }) => file.policy))];
  beforeAll(() => installChart(['webhook.enabled=false'], held[0]?.file.values));
  afterAll(uninstallChart);

  test.each(held.filter(({ entry }) => entry.deny !== undefined))('refused: $title', async ({ entry, file }) => {
    const phrase = `ValidatingAdmissionPolicy '${file.policy}'`;
    await expect.poll(async () => (await ask(entry, file)).message, { timeout: policyLagMs }).toContain(phrase);
    const { status, message } = await ask(entry, file);
    expect(message).toContain(substituted(entry.says ?? '', namespaces));
    expect([403, 422]).toContain(status);
  });

  test.each(held.filter(({ entry }) => entry.allow !== undefined))('let through: $title', async ({ entry, file }) => {
    const verdict = await ask(entry, file);
    expect(verdict.message).not.toContain('ValidatingAdmissionPolicy');
    expect(reached(entry, verdict), verdict.message).toBe(true);
  });

  test.each(policies)('the API server finds no fault in the types of %s', async policy => {
    const read = () => currentCluster().kubectl(['get', 'validatingadmissionpolicy', policy, '--output=json']);
    const status = async () =>
      (JSON.parse(await read()) as { status?: { typeChecking?: { expressionWarnings?: unknown[] } } }).status;
    await expect.poll(async () => (await status())?.typeChecking, { timeout: policyLagMs }).toBeDefined();
    expect((await status())?.typeChecking?.expressionWarnings ?? []).toEqual([]);
  });
});

describe('guardrails whose ConfigMap', () => {
  const guarded = cases.filter(({ file, entry }) => file.values !== undefined && entry.allow !== undefined);
  const created = guarded.filter(({ entry }) => entry.create === 'sandboxes');
  const refusable = cases
    .filter(({ file, entry }) => file.values !== undefined && entry.deny !== undefined)
    .slice(0, 1);
  beforeAll(() => installChart(['webhook.enabled=false'], guarded[0]?.file.values));
  afterAll(uninstallChart);
  const refused = ({ entry, file }: (typeof cases)[number]) =>
    expect.poll(async () => (await ask(entry, file)).message, { timeout: policyLagMs });

  test('has been there before, and was taken away: the new one counts', async () => {
    for (const entry of refusable) await refused(entry).toContain('ValidatingAdmissionPolicy');
    for (const entry of created) await refused(entry).not.toContain('ValidatingAdmissionPolicy');
  });

  test.each([...new Set(created.map(({ file }) => file.policy))])('lacks a key of %s: it is named', async policy => {
    const entry = created.find(({ file }) => file.policy === policy);
    if (entry === undefined) throw new Error('no case');
    const key = `${policy.replace(/^guardrail-|[.].*$/g, '')}.`;
    const before = await kubectl('get', 'configmap', 'creel-guardrails', '--output=json');
    const { data } = JSON.parse(before) as { data: Record<string, string> };
    const lost = Object.keys(data).find(name => name.startsWith(key)) ?? '';
    await kubectl('patch', 'configmap', 'creel-guardrails', '--type=merge', `--patch={"data":{"${lost}":null}}`);
    await refused(entry).toContain(`the ConfigMap creel-guardrails lacks ${lost}`);
    await kubectl('patch', 'configmap', 'creel-guardrails', '--type=merge', `--patch=${JSON.stringify({ data })}`);
    await refused(entry).not.toContain('ValidatingAdmissionPolicy');
  });

  test('is missing: nothing is admitted', async () => {
    await kubectl('delete', 'configmap', 'creel-guardrails');
    for (const entry of created) await refused(entry).toMatch(/guardrail-.*no params found/);
  });
});

async function ask(entry: AdmissionCase, file: CaseFile): Promise<Verdict> {
  const request = caseRequest(entry, file, namespaces);
  const body = request.body === undefined ? {} : { body: withUids(request.body, opened().uids) };
  return opened().send(entry.as, { ...request, ...body });
}

/** Admission comes before a connection is made: without a node it fails there, with another status than 403. */
function reached(entry: AdmissionCase, { status }: Verdict): boolean {
  return entry.connect === undefined ? status < 300 : status !== 403 && status !== 404 && status !== 422;
}

function titleOf({ policy }: CaseFile, { allow, deny }: AdmissionCase): string {
  return `${policy.split('.')[0]}: ${deny ?? allow}`;
}

function opened(): AdmissionLab {
  if (lab === undefined) throw new Error('the set-up failed');
  return lab;
}
