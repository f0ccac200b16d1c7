// The least policy that lets through what a sandbox was denied or only recorded for, for a person to read and cut down.
import { apiVersion } from '../../crds/schema/group.ts';
import type { PolicySet } from './policy-set.ts';

export interface Sighting {
  readonly host: string;
  readonly port: number;
  readonly binary?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly count: number;
  /** Where it was seen. */
  readonly from: 'approval' | 'log';
}

export interface Learnt {
  readonly policy: object;
  /** Of each rule, by its place. */
  readonly comments: readonly string[];
}

/** Approval requests that ended in Denied are left out: a person has said no. */
export function sightingsOfRequests(set: PolicySet): readonly Sighting[] {
  return set.requests.flatMap(({ spec, status }) => {
    const { egress } = spec;
    if (egress === undefined || status?.phase === 'Denied') return [];
    const { host, port } = egress;
    const base = { host, port, binary: egress.binary?.path, from: 'approval' as const };
    const samples = (status?.samples ?? []).flatMap(sample => {
      const [, method, path] = /^([A-Z]+) (\/\S*)/.exec(sample) ?? [];
      return method === undefined || path === undefined ? [] : [{ method, path }];
    });
    const count = status?.hits ?? 1;
    return samples.length === 0 ? [{ ...base, count }] : samples.map(sample => ({ ...base, ...sample, count }));
  });
}

export function learnPolicy(name: string, set: PolicySet, sightings: readonly Sighting[]): Learnt {
  const { namespace, labels = {} } = set.sandbox.metadata;
  const groups = Map.groupBy(sightings, ({ host, port, binary }) => JSON.stringify([host, port, binary]));
  const rules = [...groups.values()].map((group, at) => ruleOf(group, at));
  const policy = {
    apiVersion,
    kind: 'EgressPolicy',
    metadata: { name, namespace },
    spec: { sandboxSelector: { matchLabels: labels }, allow: rules.map(({ rule }) => rule) },
  };
  return { policy, comments: rules.map(({ comment }) => comment) };
}

function ruleOf(group: readonly Sighting[], at: number): { readonly rule: object; readonly comment: string } {
  const [{ host, port, binary } = { host: '', port: 0, binary: undefined }] = group;
  const count = Math.max(...group.map(sighting => sighting.count));
  const requests = group.flatMap(({ method, path }) => (method === undefined ? [] : [{ method, path: path ?? '/' }]));
  const label = host
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 50);
  const isAddress = /^[0-9.]+$|:/.test(host);
  const peer = isAddress
    ? { cidr: `${host}/${host.includes(':') ? 128 : 32}`, ports: [port] }
    : { host, ports: [port] };
  const isHttp = !isAddress && (port === 443 || port === 80 || requests.length > 0);
  const rule = {
    name: `${label || 'rule'}-${at + 1}`,
    to: [peer],
    ...(isHttp ? { protocol: 'HTTP' } : { protocol: 'TCP' }),
    ...(binary === undefined ? {} : { binaries: [binary] }),
    ...(isHttp ? { http: requests.length === 0 ? { access: 'ReadOnly' } : { allow: patternsOf(requests) } } : {}),
  };
  const [sample] = requests;
  const seen = `seen ${count} ${count === 1 ? 'time' : 'times'}${binary === undefined ? '' : ` by ${binary}`}`;
  return { rule, comment: sample === undefined ? seen : `${seen}, for example ${sample.method} ${sample.path}` };
}

/** Paths as they were seen, without their queries; methods of one path together. */
function patternsOf(requests: readonly { method: string; path: string }[]): object[] {
  const byPath = Map.groupBy(requests, ({ path }) => path.split('?')[0] ?? '/');
  return [...byPath]
    .slice(0, 64)
    .map(([path, of]) => ({ methods: [...new Set(of.map(({ method }) => method))], path: escaped(path) }));
}

/** A star that was seen is data. */
function escaped(path: string): string {
  return path.replaceAll('*', '%2A');
}
