// Which profile a sandbox's inference calls take, and the route it makes. Pure.
import { durationMs } from '../../crds/schema/duration-ms.ts';
import { annotations } from '../../crds/schema/group.ts';
import type { InferenceProfile } from '../../crds/schema/inference-profile.ts';
import type { Sandbox } from '../../crds/schema/sandbox.ts';
import type { ServiceLookup } from '../../engine/compile/check-peer.ts';
import { stableHash } from '../../engine/compile/stable-hash.ts';
import type { NoRoute, Route } from '../../protocol/snapshot.ts';
import type { CredentialState } from './credential-state.ts';
import { type ResolvedProfile, resolveProfile } from './resolve-profile.ts';
import type { ServiceTarget } from './types.ts';

export interface RouteInputs {
  readonly sandbox: Pick<Sandbox, 'metadata' | 'spec'>;
  /** Of the sandbox's namespace. */
  readonly profiles: readonly InferenceProfile[];
  readonly credential: (namespace: string, secret: string) => CredentialState;
  readonly services: ServiceLookup;
}

export interface RouteResult {
  readonly route: Route | NoRoute;
  readonly routeService?: ServiceTarget;
}

const defaultTimeoutMs = 60_000;

export function compileRoute(inputs: RouteInputs): RouteResult {
  const profile = chooseProfile(inputs);
  if ('reason' in profile) return { route: noRoute(profile.reason, profile.message) };
  const asked = inputs.sandbox.spec.inference?.model;
  const { name } = profile.metadata;
  const offered = [profile.spec.model, ...(profile.spec.models ?? [])];
  if (asked !== undefined && !offered.includes(asked))
    return {
      route: noRoute(
        'ModelNotOffered',
        `spec.inference.model: InferenceProfile ${name} does not offer ${asked}; it offers ${offered.join(', ')}`,
      ),
    };
  const resolved = resolveProfile({ ...inputs, profile });
  if (!resolved.ok) return { route: noRoute(resolved.reason, `InferenceProfile ${name}: ${resolved.message}`) };
  const { service: routeService } = resolved;
  return { route: routeOf(profile, resolved, asked), ...(routeService === undefined ? {} : { routeService }) };
}

interface Missing {
  readonly reason: 'NoProfile' | 'ProfileNotFound' | 'SeveralDefaultProfiles';
  readonly message: string;
}

function chooseProfile({ sandbox, profiles }: RouteInputs): InferenceProfile | Missing {
  const { namespace } = sandbox.metadata;
  const named = sandbox.spec.inference?.profile;
  if (named !== undefined)
    return (
      profiles.find(({ metadata }) => metadata.name === named) ?? {
        reason: 'ProfileNotFound',
        message: `spec.inference.profile: there is no InferenceProfile ${named} in namespace ${namespace}; there ${listed(profiles)}`,
      }
    );
  const [only, another] = profiles.filter(
    ({ metadata }) => metadata.annotations?.[annotations.defaultProfile] === 'true',
  );
  if (only === undefined)
    return {
      reason: 'NoProfile',
      message: `no inference: spec.inference is not set and no InferenceProfile of namespace ${namespace} has the annotation ${annotations.defaultProfile}=true`,
    };
  if (another !== undefined)
    return {
      reason: 'SeveralDefaultProfiles',
      message: `InferenceProfiles ${only.metadata.name} and ${another.metadata.name} both have the annotation ${annotations.defaultProfile}; remove it from one: kubectl annotate ifp ${another.metadata.name} -n ${namespace} ${annotations.defaultProfile}-`,
    };
  return only;
}

function listed(profiles: readonly InferenceProfile[]): string {
  const names = profiles.map(({ metadata }) => metadata.name).sort();
  return names.length === 0 ? 'are none' : `are ${names.join(', ')}`;
}

function routeOf({ metadata, spec }: InferenceProfile, resolved: ResolvedProfile, asked: string | undefined): Route {
  const { endpoint, addresses, allowedCidrs, credential, maxRequestBytes } = resolved;
  const timeoutMs = durationMs(spec.timeout ?? '');
  const body: Omit<Route, 'hash'> = {
    profile: metadata.name,
    provider: spec.provider,
    endpoint,
    ...(addresses === undefined ? {} : { addresses }),
    allowedCidrs,
    model: asked ?? spec.model,
    models: [spec.model, ...(spec.models ?? [])],
    ...(credential === undefined ? {} : { credential }),
    timeoutMs: timeoutMs > 0 ? timeoutMs : defaultTimeoutMs,
    maxRequestBytes,
  };
  return { hash: stableHash(body), ...body };
}

function noRoute(reason: string, message: string): NoRoute {
  return { hash: stableHash([reason, message]), reason, message };
}
