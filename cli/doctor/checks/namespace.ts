// The namespace of the caller: whether sandboxes may live there, their model, and what the caller may do.
import { annotations, labels } from '../../../crds/schema/group.ts';
import { conditionOf } from '../../objects/condition-of.ts';
import type { Facts } from '../facts.ts';
import type { Finding } from '../finding.ts';

const podSecurity = 'pod-security.kubernetes.io/enforce';

export function checkNamespace({ home, namespace }: Facts): Finding[] {
  const check = `Namespace ${namespace}`;
  if (!home.ok) return [{ check, status: 'warn', message: home.why }];
  const present = home.value.metadata.labels ?? {};
  const isPrepared = present[labels.sandboxes] === 'true';
  const isPrivileged = [undefined, 'privileged'].includes(present[podSecurity]);
  if (isPrepared && isPrivileged) return [{ check, status: 'ok', message: 'sandboxes may live here' }];
  return [
    {
      check,
      // Nobody has to run sandboxes in the namespace the doctor was started in.
      status: isPrepared ? 'fail' : 'warn',
      message: isPrepared
        ? `${podSecurity} is ${present[podSecurity]}: pods of sandboxes are refused`
        : 'is none for sandboxes; -n NAMESPACE looks at another',
      try: [`kubectl label namespace ${namespace} --overwrite ${labels.sandboxes}=true ${podSecurity}=privileged`],
    },
  ];
}

export function checkProfile({ profiles, secrets, namespace }: Facts): Finding[] {
  const check = 'Default profile';
  if (!profiles.ok) return [{ check, status: 'warn', message: profiles.why }];
  const defaults = profiles.value.filter(
    ({ metadata }) => metadata.annotations?.[annotations.defaultProfile] === 'true',
  );
  const [first, ...more] = defaults;
  if (first === undefined)
    return [
      profiles.value.length === 0
        ? {
            check,
            status: 'warn',
            message: `no InferenceProfile in ${namespace}: agents have no model`,
            try: [`kubectl apply -n ${namespace} -k policies/profiles`],
          }
        : {
            check,
            status: 'warn',
            message: 'none is marked; a Sandbox without spec.inference has no model',
            try: [
              `kubectl -n ${namespace} annotate ifp ${profiles.value[0]?.metadata.name} ${annotations.defaultProfile}=true`,
            ],
          },
    ];
  const { name } = first.metadata;
  if (more.length > 0)
    return [
      {
        check,
        status: 'fail',
        message: `${defaults.map(({ metadata }) => metadata.name).join(', ')} are all marked as default`,
        try: more.map(
          ({ metadata }) => `kubectl -n ${namespace} annotate ifp ${metadata.name} ${annotations.defaultProfile}-`,
        ),
      },
    ];
  const ready = conditionOf(first, 'Ready');
  const secret = checkSecret(first.spec.endpoint, first.spec.credential?.secretRef.name, secrets, namespace);
  if (ready?.status === 'False' && secret?.status !== 'fail')
    return [
      {
        check,
        status: 'fail',
        message: `${name}: ${ready.message}`,
        try: [`kubectl -n ${namespace} describe ifp ${name}`],
      },
    ];
  return [
    { check, status: 'ok', message: `${name}, model ${first.spec.model}` },
    ...(secret === undefined ? [] : [secret]),
  ];
}

function checkSecret(
  endpoint: string | undefined,
  name: string | undefined,
  secrets: Facts['secrets'],
  namespace: string,
): Finding | undefined {
  const check = 'Model key';
  const read = name === undefined ? undefined : secrets.get(name);
  if (read === undefined) return undefined;
  if (!read.ok)
    return {
      check,
      status: 'warn',
      message: `Secret ${name}: ${read.why}`,
      try: [`kubectl -n ${namespace} get secret ${name}`],
    };
  const hosts = (read.value.metadata.annotations?.[annotations.allowedHosts] ?? '').split(',').map(host => host.trim());
  const host = endpoint === undefined ? undefined : URL.parse(endpoint)?.hostname;
  if (host === undefined || hosts.includes(host)) return { check, status: 'ok', message: `Secret ${name}` };
  return {
    check,
    status: 'fail',
    message: `Secret ${name} does not let its key be sent to ${host} (annotation ${annotations.allowedHosts})`,
    try: [`kubectl -n ${namespace} annotate secret ${name} --overwrite ${annotations.allowedHosts}=${host}`],
  };
}

/** What people do → the rights it takes. */
const deeds: readonly (readonly [what: string, rights: readonly string[], role: string])[] = [
  ['see sandboxes and requests', ['list sandboxes', 'list approvalrequests'], 'creel-viewer'],
  ['run sandboxes', ['create sandboxes', 'patch sandboxes', 'delete sandboxes'], 'creel-user'],
  ['connect and read logs', ['create pods/exec', 'get pods/log'], 'creel-user'],
  ['decide on requests', ['patch approvalrequests', 'approve approvalrequests'], 'creel-approver'],
  ['write policies', ['create egresspolicies'], 'creel-policy-admin'],
];

export const neededRights = deeds.flatMap(([, rights]) => rights);

export function checkRights({ rights, namespace }: Facts): Finding[] {
  const check = 'Your rights';
  const may = (right: string) => {
    const read = rights.get(right);
    return read?.ok === true && read.value;
  };
  const able = deeds.filter(([, needed]) => needed.every(may));
  const unable = deeds.filter(([, needed]) => !needed.every(may));
  return [
    ...(able.length === 0
      ? []
      : [{ check, status: 'ok', message: `in ${namespace}: ${able.map(([what]) => what).join(', ')}` } as const]),
    ...unable.map(
      ([what, needed, role]): Finding => ({
        check,
        status: 'warn',
        message: `you may not ${what} in ${namespace} (${needed.filter(right => !may(right)).join(', ')})`,
        try: [
          `kubectl create rolebinding ${role}-you -n ${namespace} --clusterrole=${role} --user=YOU    # who runs the cluster can`,
        ],
      }),
    ),
  ];
}
