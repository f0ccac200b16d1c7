import { describe, expect, test } from 'vitest';
import { sampleClusterPolicy, sampleEgressPolicy } from '../../engine/compile/testing/objects.ts';
import { sampleRequest, sampleWorld } from '../testing/sample-world.ts';
import { judge } from './judge.ts';

const rule = (overrides: object = {}) => ({
  name: 'r',
  to: [{ host: 'a.example', ports: [443] }],
  protocol: 'TLS',
  ...overrides,
});
const policy = (...allow: object[]) => ({
  apiVersion: 'creel.dev/v1alpha1',
  kind: 'EgressPolicy',
  metadata: { name: 'p', namespace: 'team' },
  spec: { sandboxSelector: {}, allow },
});
const judged = (object: object, world = sampleWorld(), overrides: Parameters<typeof sampleRequest>[0] = {}) =>
  judge('validate', sampleRequest({ object: { ...object }, ...overrides }), world);

describe('what is not the webhook’s to say is let in', () => {
  test.each<[string, Parameters<typeof sampleRequest>[0]]>([
    ['another group', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' }, object: {} }],
    ['a subresource', { subResource: 'status', object: {} }],
    ['a deletion', { operation: 'DELETE', object: null }],
    ['a kind to come', { kind: { group: 'creel.dev', version: 'v2', kind: 'Fleet' }, object: {} }],
  ])('%s', (_what, overrides) => {
    expect(judge('validate', sampleRequest(overrides), sampleWorld()).problems).toEqual([]);
  });
});

test('an object without a name yet is judged as one that has it', () => {
  const object = { ...policy(rule()), metadata: { generateName: 'p-', namespace: 'team' } };
  expect(judged(object, sampleWorld(), { name: '' }).problems).toEqual([]);
});

test('status is not the author’s, and a newer operator may write more than is known here', () => {
  expect(judged({ ...policy(rule()), status: { somethingNew: true } }).problems).toEqual([]);
});

test('one object has every problem said at once, each with field and remedy', () => {
  const { problems } = judged(
    policy(
      rule({ name: 'BAD' }),
      rule({ name: 'x', to: [{ cidr: '10.0.0.1/8', ports: [70_000] }] }),
      rule({ name: 'y', to: [{ host: '*.com', ports: [443] }] }),
    ),
  );
  expect(problems.map(({ field }) => field)).toEqual([
    'spec.allow[0].name',
    'spec.allow[1].to[0].ports[0]',
    'spec.allow[2] (y)',
  ]);
  for (const { message } of problems) expect(message).toMatch(/;|\(kubectl explain /);
});

test('a form is told by an example, not by its pattern', () => {
  const { problems } = judged(policy(rule({ to: [{ host: 'https://a.example', ports: [443] }] })));
  expect(problems).toMatchObject([
    { field: 'spec.allow[0].to[0].host', message: expect.stringMatching(/^"https:..a.example" is no host; write api/) },
  ]);
});

const ceiling = (name: string, ports: number[], tier = 'prod') =>
  sampleClusterPolicy(name, { namespaceSelector: { matchLabels: { tier } }, ceiling: { ports } });

test('two ceilings that a rule is beyond are both named; of another namespace none is', () => {
  const world = sampleWorld({ clusterPolicies: [ceiling('a', [80]), ceiling('b', [22]), ceiling('c', [1], 'test')] });
  const said = judged(policy(rule()), world)
    .problems.map(({ message }) => message)
    .join();
  expect(said).toContain('cluster/a');
  expect(said).toContain('cluster/b');
  expect(said).not.toContain('cluster/c');
});

describe('contradictions of other policies', () => {
  const inspected = policy(rule({ protocol: 'HTTP', http: { access: 'Full' } }));
  const opaque = (matchLabels: Record<string, string>, name = 'other') => {
    const other = sampleEgressPolicy(name, [rule()]);
    return { ...other, spec: { ...other.spec, sandboxSelector: { matchLabels } } };
  };
  const warned = (object: object, policies: ReturnType<typeof opaque>[]) =>
    judged(object, sampleWorld({ policies })).warnings.length;

  test('are warned of, unless no sandbox can have both, or the other is this one as it was', () => {
    const own = { ...inspected, spec: { ...inspected.spec, sandboxSelector: { matchLabels: { app: 'x' } } } };
    expect(warned(own, [opaque({ app: 'x' })])).toBe(1);
    expect(warned(own, [opaque({ team: 'y' })])).toBe(1);
    expect(warned(own, [opaque({ app: 'z' })])).toBe(0);
    expect(warned(own, [opaque({ app: 'x' }, 'p')])).toBe(0);
  });

  test('of the cluster’s baseline too', () => {
    const world = sampleWorld({ clusterPolicies: [sampleClusterPolicy('base', { baseline: [rule()] as never })] });
    expect(judged(inspected, world).warnings).toEqual([expect.stringContaining('cluster/base/r')]);
  });
});

test('an object of more values than are looked at is refused', () => {
  const many = policy(
    ...Array.from({ length: 200 }, (_, at) =>
      rule({ name: `r${at}`, to: Array.from({ length: 200 }, () => ({ host: 'a.example', ports: [443] })) }),
    ),
  );
  expect(judged(many).problems).toEqual([expect.objectContaining({ field: 'spec' })]);
});

test('the first phase says no more than the second, and writes what it writes only where nothing is wrong', () => {
  const request = sampleRequest({ object: policy(rule({ mode: 'Audit' })) });
  const [first, second] = [judge('mutate', request, sampleWorld()), judge('validate', request, sampleWorld())];
  expect(first.problems).toEqual(second.problems);
  expect(first.warnings).toEqual([]);
  expect(second.warnings).toHaveLength(1);
  expect(second.patch).toBeUndefined();
});
