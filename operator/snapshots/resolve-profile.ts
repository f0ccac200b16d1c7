// Whether an InferenceProfile can carry a call, and where to: the same answer for its status and for every sandbox's route.
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import { parseAuthority } from '../../engine/canonical/authority.ts';
import { type Host, hostText } from '../../engine/canonical/host.ts';
import { checkEndpoint } from '../../engine/compile/check-endpoint.ts';
import type { ServiceLookup } from '../../engine/compile/check-peer.ts';
import { quantityBytes } from '../../engine/compile/quantity-bytes.ts';
import type { CredentialReason } from '../../engine/compile/rule-issue.ts';
import { checkCredential } from './check-credential.ts';
import type { CredentialState } from './credential-state.ts';
import type { ServiceTarget } from './types.ts';

export type ProfileReason =
  | 'EndpointInvalid'
  | 'EndpointNotAllowed'
  | 'ServiceNotFound'
  | 'LimitInvalid'
  | CredentialReason;

export interface ProfileProblem {
  readonly ok: false;
  readonly reason: ProfileReason;
  readonly message: string;
}

export interface ResolvedProfile {
  readonly ok: true;
  readonly endpoint: string;
  readonly addresses?: readonly string[];
  readonly allowedCidrs: readonly string[];
  readonly service?: ServiceTarget;
  readonly maxRequestBytes: number;
  readonly credential?: { readonly secret: string; readonly allowedHosts: readonly string[] };
}

export interface ProfileInputs {
  readonly profile: InferenceProfile;
  readonly credential: (namespace: string, secret: string) => CredentialState;
  readonly services: ServiceLookup;
}

type Target = Omit<ResolvedProfile, 'credential' | 'maxRequestBytes'> & { readonly host: Host; readonly port: number };

const defaultRequestBytes = 10 * 2 ** 20;

export function resolveProfile({ profile, credential, services }: ProfileInputs): ResolvedProfile | ProfileProblem {
  const target = targetOf(profile, services);
  if (!target.ok) return target;
  const limit = profile.spec.limits?.maxRequestBytes;
  const maxRequestBytes = limit === undefined ? defaultRequestBytes : quantityBytes(limit);
  if (maxRequestBytes === undefined)
    return problem(
      'LimitInvalid',
      `spec.limits.maxRequestBytes ${limit} is no whole number of bytes; write it like 10Mi`,
    );
  const key = keyOf(profile, target, credential);
  if (key !== undefined && 'reason' in key) return key;
  const { host: _host, port: _port, ...rest } = target;
  return { ...rest, maxRequestBytes, ...(key === undefined ? {} : { credential: key }) };
}

function targetOf(profile: InferenceProfile, services: ServiceLookup): Target | ProfileProblem {
  const { endpoint, service } = profile.spec;
  if (service !== undefined) return serviceTarget(profile, service, services);
  const checked = checkEndpoint(endpoint ?? '');
  return checked.ok ? { ...checked, allowedCidrs: [] } : checked;
}

function serviceTarget(
  { metadata }: InferenceProfile,
  { name, namespace = metadata.namespace, port, path = '/v1' }: NonNullable<InferenceProfile['spec']['service']>,
  services: ServiceLookup,
): Target | ProfileProblem {
  const found = services(namespace, name);
  if (found === undefined || found.addresses.length === 0)
    return problem(
      'ServiceNotFound',
      `spec.service: there is no Service ${namespace}/${name} with a cluster address; create it, or name another (kubectl get services -n ${namespace})`,
    );
  const host = `${name}.${namespace}.svc.cluster.local`;
  const parsed = parseAuthority(host);
  if (!parsed.ok) return problem('EndpointInvalid', `spec.service ${namespace}/${name} makes no host name`);
  return {
    ok: true,
    host: parsed.host,
    port,
    endpoint: `http://${host}:${port}${path.replace(/\/+$/, '')}`,
    addresses: found.addresses,
    allowedCidrs: found.addresses.map(address => `${address}/${address.includes(':') ? 128 : 32}`),
    service: { namespace, name, port },
  };
}

/** undefined where the profile needs no key. */
function keyOf(
  { metadata: { namespace }, spec }: InferenceProfile,
  target: Target,
  credential: ProfileInputs['credential'],
): ResolvedProfile['credential'] | ProfileProblem | undefined {
  if (spec.credential === undefined) return undefined;
  const { host: targetHost, port } = target;
  const host = hostText(targetHost);
  const state = credential(namespace, spec.credential.secretRef.name);
  const checked = checkCredential(state, {
    field: 'spec.credential.secretRef',
    namespace,
    ...spec.credential.secretRef,
    hosts: [host],
    covers: text => covers(text, host, target),
  });
  if (!checked.ok) return problem(checked.reason, checked.message);
  return { secret: checked.secret, allowedHosts: [port === 443 || port === 80 ? host : `${host}:${port}`] };
}

/** `host` or `host:port`; a Service also under its short names. */
function covers(text: string, host: string, { port, service }: Target): boolean {
  const allowed = parseAuthority(text);
  if (!allowed.ok || (allowed.port ?? port) !== port) return false;
  const named = hostText(allowed.host);
  const short =
    service === undefined ? [] : [`${service.name}.${service.namespace}`, `${service.name}.${service.namespace}.svc`];
  return named === host || short.includes(named);
}

function problem(reason: ProfileReason, message: string): ProfileProblem {
  return { ok: false, reason, message };
}
