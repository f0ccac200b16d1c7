// Which versions meet here: the API server, the kinds, the operator, and this command line.
import { z } from 'zod';
import { group, version } from '../../../crds/schema/group.ts';
import { kinds } from '../../../crds/schema/kinds.ts';
import { cliVersion } from '../../version.ts';
import type { Deployment, Facts } from '../facts.ts';
import type { Finding } from '../finding.ts';

const minimumMinor = 33;
const chart = 'helm upgrade --install creel charts/creel --namespace creel-system --create-namespace';
const applyKinds = 'kubectl apply --server-side --force-conflicts -f crds/    # helm does not renew CRDs';

export function checkServer({ server }: Facts): Finding[] {
  const check = 'API server';
  if (!server.ok) return [{ check, status: 'fail', message: server.why, try: ['kubectl cluster-info'] }];
  const { gitVersion } = server.value;
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  const isOld = Number(major) === 1 && Number(minor) < minimumMinor;
  return [
    isOld
      ? { check, status: 'fail', message: `${gitVersion}: Creel needs Kubernetes 1.${minimumMinor} or newer` }
      : { check, status: 'ok', message: gitVersion },
  ];
}

/** Undefined where there is something of Creel's, or nobody may look. */
export function findAbsence({ definitions, operators }: Facts): Finding | undefined {
  const isAbsent =
    definitions.ok &&
    operators.ok &&
    operators.value.length === 0 &&
    !kinds.some(({ plural }) => definitions.value.some(({ metadata }) => metadata.name === `${plural}.${group}`));
  return isAbsent
    ? {
        check: 'Creel',
        status: 'fail',
        message: 'is not installed in this cluster: neither its kinds nor its operator are there',
        try: [`${chart} --set images.operator=… --set images.sidecar=…    # README.md, On your own cluster`],
      }
    : undefined;
}

export function checkDefinitions({ definitions }: Facts): Finding[] {
  const check = 'CRDs';
  if (!definitions.ok) return [{ check, status: 'warn', message: definitions.why }];
  const problems = kinds.flatMap(({ plural, schema, kind }) => {
    const found = definitions.value.find(({ metadata }) => metadata.name === `${plural}.${group}`);
    if (found === undefined) return [`${kind} is missing`];
    const established = found.status?.conditions?.find(({ type }) => type === 'Established');
    if (established?.status !== 'True') return [`${kind} is not established: ${established?.message ?? 'not yet'}`];
    const served = found.spec.versions.find(({ name, served: isServed }) => name === version && isServed);
    if (served === undefined) return [`${kind} does not serve ${version}`];
    const lacking = lackingFields(
      z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
      served.schema?.openAPIV3Schema,
    );
    return lacking.length === 0
      ? []
      : [`${kind} lacks ${lacking.slice(0, 3).join(', ')}${lacking.length > 3 ? ' …' : ''}`];
  });
  return [
    problems.length === 0
      ? { check, status: 'ok', message: `${kinds.length} kinds of ${group}/${version}` }
      : { check, status: 'fail', message: problems.join('; '), try: [applyKinds] },
  ];
}

/** Fields that this version knows and the cluster prunes: a rule that loses one may allow more. */
function lackingFields(ours: unknown, theirs: unknown, path = ''): string[] {
  const [own, other] = [ours, theirs] as readonly SchemaNode[];
  if (own?.items !== undefined) return lackingFields(own.items, other?.items, `${path}[]`);
  return Object.entries(own?.properties ?? {}).flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`;
    // The API server owns these.
    if (['metadata', 'apiVersion', 'kind', 'status'].includes(at)) return [];
    const found = other?.properties?.[name];
    if (found === undefined)
      return other?.['x-kubernetes-preserve-unknown-fields'] === true && other.properties === undefined ? [] : [at];
    return lackingFields(child, found, at);
  });
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

export function checkOperator({ operators }: Facts): Finding[] {
  const check = 'Operator';
  if (!operators.ok) return [{ check, status: 'warn', message: operators.why }];
  const [first, ...more] = operators.value;
  if (first === undefined)
    return [
      {
        check,
        status: 'fail',
        message: 'there is no Deployment of Creel: nobody makes pods of Sandboxes',
        try: [chart],
      },
    ];
  const { namespace = '', name } = first.metadata;
  if (more.length > 0)
    return [
      {
        check,
        status: 'fail',
        message: `there are ${operators.value.length}: ${operators.value.map(one => `${one.metadata.namespace}/${one.metadata.name}`).join(', ')}; they would work against each other`,
        try: ['helm list -A'],
      },
    ];
  if ((first.status?.readyReplicas ?? 0) === 0)
    return [
      {
        check,
        status: 'fail',
        message: `${namespace}/${name} has no ready pod: approvals, new sandboxes and policies wait`,
        try: [`kubectl -n ${namespace} logs deployment/${name}`, `kubectl -n ${namespace} describe deployment ${name}`],
      },
    ];
  return [
    { check, status: 'ok', message: `${namespace}/${name}, ${versionOf(first) ?? 'of an unknown version'}` },
    ...checkSkew(first),
  ];
}

function versionOf({ metadata }: Deployment): string | undefined {
  return metadata.labels?.['app.kubernetes.io/version'];
}

function checkSkew(operator: Deployment): Finding[] {
  const check = 'Versions';
  const theirs = versionOf(operator);
  if (theirs === undefined || theirs === cliVersion)
    return [{ check, status: 'ok', message: `this command line is ${cliVersion}` }];
  return [
    {
      check,
      status: 'warn',
      message: `the operator is ${theirs}, this command line ${cliVersion}`,
      try: [`npm install -g kubectl-creel@${theirs}`, chart],
    },
  ];
}
