// The API server, asked strictly, and zod give one verdict on every sample; where they refuse, the API server names the field.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadKubeconfig } from '../kube/load-kubeconfig.ts';
import { openTransport, type Transport } from '../kube/transport.ts';
import { customResourceDefinition } from '../scripts/generate/custom-resource-definition.ts';
import { currentCluster } from '../test/cluster/current-cluster.ts';
import { testNamespace } from '../test/cluster/test-namespace.ts';
import { kinds } from './schema/kinds.ts';

interface Sample {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

const folder = join(import.meta.dirname, 'samples');
const saysAnnotation = 'sample.creel.dev/says';
const namespace = testNamespace('samples');
const valid = readSamples('valid');
const invalid = readSamples('invalid');
const stored = readSamples('stored');
let transport: Transport;

beforeAll(async () => {
  await currentCluster().kubectl(['apply', '--server-side', `--filename=${import.meta.dirname}`]);
  await currentCluster().kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  transport = openTransport(await loadKubeconfig(currentCluster().kubeconfigPath));
});
afterAll(() => transport.close());

test('every kind has valid and invalid samples', () => {
  for (const samples of [valid, invalid])
    expect(new Set(samples.map(({ kind }) => kind))).toEqual(new Set(kinds.map(({ kind }) => kind)));
});

test('every CEL rule of one object has a sample that breaks it', () => {
  const messages = kinds.flatMap(kind => celMessages(customResourceDefinition(kind)));
  const said = invalid.map(({ metadata }) => metadata.annotations?.[saysAnnotation] ?? '');
  expect(messages.length).toBeGreaterThan(10);
  expect(messages.filter(message => !said.some(text => text !== '' && message.includes(text)))).toEqual([]);
});

describe('both take', () => {
  test.each(valid)('$kind $metadata.name', async sample => {
    expect(problems(sample)).toEqual([]);
    expect(await create(sample)).toEqual({ status: 201, message: '' });
  });
});

describe('both refuse', () => {
  test.each(invalid)('$kind $metadata.name', async sample => {
    expect(problems(sample)).not.toEqual([]);
    const { status, message } = await create(sample);
    expect(status).toBeGreaterThanOrEqual(400);
    const says = sample.metadata.annotations?.[saysAnnotation];
    expect(says, 'each invalid sample says what the refusal names').toBeTruthy();
    expect(message).toContain(says);
  });
});

describe('the API server keeps what it does not know of a rule, and zod refuses it by name', () => {
  test.each(stored)('$kind $metadata.name', async sample => {
    expect(await create(sample)).toEqual({ status: 201, message: '' });
    expect(problems(sample).join()).toMatch(/unrecognized key/i);
  });
});

function readSamples(name: string): Sample[] {
  return readdirSync(join(folder, name)).flatMap(file =>
    parseAllDocuments(readFileSync(join(folder, name, file), 'utf8'), { version: '1.1' }).map(
      document => document.toJS() as Sample,
    ),
  );
}

/** Messages of the rules below a node, but those that compare with the stored object (transitions.api.test.ts). */
function celMessages(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const rules = (node as { 'x-kubernetes-validations'?: { rule: string; message: string }[] })[
    'x-kubernetes-validations'
  ];
  const own = (rules ?? []).filter(({ rule }) => !rule.includes('oldSelf')).map(({ message }) => message);
  return [...own, ...Object.values(node).flatMap(celMessages)];
}

function kindOf({ kind }: Sample) {
  const found = kinds.find(entry => entry.kind === kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
}

function problems(sample: Sample): string[] {
  const parsed = kindOf(sample).schema.safeParse(sample);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

async function create(sample: Sample): Promise<{ status: number; message: string }> {
  const { plural, scope } = kindOf(sample);
  const { status, body } = await transport.send({
    method: 'POST',
    path: `/apis/creel.dev/v1alpha1${scope === 'Cluster' ? '' : `/namespaces/${namespace}`}/${plural}`,
    query: { dryRun: 'All', fieldValidation: 'Strict' },
    body: sample,
    signal: AbortSignal.timeout(30_000),
  });
  const text = await body.text();
  return { status, message: status < 400 ? '' : (JSON.parse(text) as { message: string }).message };
}
