// `kubectl creel doctor` on a cluster that is not as it should be; one that is, is in sandboxes.kubelet.test.ts.
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { exitCodes } from './exit-codes.ts';
import { clusterFixture } from './testing/cluster-fixture.ts';

const cluster = currentCluster();
const { namespace, creel, kubectl } = clusterFixture('doctor');
const chart = join(import.meta.dirname, '../charts/creel');
/** The admission policies and the webhook's configuration alone: nobody answers behind it. */
const manifests = async () => {
  const text = await cluster.helm(['template', 'creel', chart, `--namespace=${namespace}`, '--kube-version=v1.35.0']);
  return text
    .split(/^---$/m)
    .filter(part =>
      /^kind: (ValidatingAdmissionPolicy|ValidatingAdmissionPolicyBinding|ValidatingWebhookConfiguration)$/m.test(part),
    )
    .join('---\n');
};

afterAll(async () => {
  await cluster.kubectl(['delete', '--ignore-not-found', '--filename=-'], { stdin: await manifests() });
});

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly message: string;
}
async function diagnose(
  ...args: string[]
): Promise<{ code: number | null; readonly of: (check: string) => Finding | undefined }> {
  const { code, stdout } = await creel(['doctor', '-o', 'json', ...args]);
  const findings = JSON.parse(stdout) as Finding[];
  return { code, of: check => findings.find(finding => finding.check === check) };
}

test('without the install it fails, and names what is missing', async () => {
  const { code, of } = await diagnose();
  expect(code).toBe(exitCodes.failed);
  expect(of('API server')?.status).toBe('ok');
  expect(of('CRDs')?.status).toBe('ok');
  expect(of('Operator')).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('no Deployment of Creel') as string,
  });
  expect(of('Admission policies')).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('missing: ') as string,
  });
  expect(of(`Namespace ${namespace}`)?.status).toBe('warn');
});

test('whoever may see little is told what they may not do, and nothing is taken for well', async () => {
  const { code, of } = await diagnose('--as', 'nobody');
  expect(code).toBe(0);
  for (const check of ['CRDs', 'Operator', 'Webhook', 'Admission policies', 'Nodes'])
    expect(of(check)?.status).toBe('warn');
  expect(of('Your rights')?.message).toContain('you may not see sandboxes and requests');
});

test('policies that stand are well; a webhook that nobody serves is not', async () => {
  await kubectl(['apply', '--server-side', '--force-conflicts', '--filename=-'], await manifests());
  const { code, of } = await diagnose();
  expect(of('Admission policies')?.status).toBe('ok');
  expect(code).toBe(exitCodes.failed);
  expect(of('Webhook certificate') ?? of('Webhook')).toMatchObject({ status: 'fail' });
});
