// Who opens a session: the API server says whose token it is, the operator's own record which sandbox that pod is.
import { z } from 'zod';
import { hubAudience } from '../../protocol/constants.ts';
import type { SessionPeer } from './session.ts';

export type Authentication =
  | { readonly ok: true; readonly peer: SessionPeer; readonly expiresAtMs: number }
  | { readonly ok: false; readonly status: 401 | 403 | 503; readonly reason: AuthenticationFailure };

export type AuthenticationFailure =
  | 'MalformedToken'
  | 'TokenRejected'
  | 'WrongAudience'
  | 'NotAPodToken'
  | 'UnknownPod'
  | 'WrongServiceAccount'
  | 'WrongAddress'
  | 'TooManyAttempts'
  | 'ReviewUnavailable';

/** A pod as the operator made and recorded it. */
export interface RecordedPod {
  readonly sandboxUid: string;
  readonly namespace: string;
  readonly sandbox: string;
  /** Who made the Sandbox, where that is known. */
  readonly createdBy?: string;
  readonly podName: string;
  readonly podUid: string;
  readonly serviceAccount: string;
  /** Empty until the kubelet has told: it does so only after the sidecar's postStart, which waits for us. */
  readonly addresses: readonly string[];
}

/** The outcome of a TokenReview; throws where the API server did not answer. */
export type ReviewToken = (token: string, audience: string) => Promise<TokenReviewStatus>;

export interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
}

export interface AuthenticateDependencies {
  readonly reviewToken: ReviewToken;
  readonly recordedPod: (podUid: string) => RecordedPod | undefined;
  /** Whether the API server may be asked once more on behalf of this peer. */
  readonly mayReview: (peer: string) => boolean;
}

const claims = z.object({
  aud: z.array(z.string()),
  exp: z.number(),
  'kubernetes.io': z.object({ pod: z.object({ uid: z.string() }) }),
});
const maxTokenBytes = 8192;

/**
 * Unverified claims come first, so that a flood of made-up tokens costs no call to the API server; a pod's uid is no secret to its
 * neighbours, its address they do not have.
 */
export async function authenticate(
  token: string,
  address: string,
  { reviewToken, recordedPod, mayReview }: AuthenticateDependencies,
): Promise<Authentication> {
  const claimed = readClaims(token);
  if (claimed === undefined) return refuse(401, 'MalformedToken');
  if (!claimed.aud.includes(hubAudience)) return refuse(401, 'WrongAudience');
  const claimedPod = recordedPod(claimed['kubernetes.io'].pod.uid);
  if (claimedPod === undefined) return refuse(403, 'UnknownPod');
  if (!isPodAddress(address, claimedPod)) return refuse(403, 'WrongAddress');
  if (!mayReview(`${claimedPod.podUid} ${address}`)) return refuse(503, 'TooManyAttempts');
  const status = await reviewToken(token, hubAudience).catch(() => undefined);
  if (status === undefined) return refuse(503, 'ReviewUnavailable');
  if (status.authenticated !== true) return refuse(401, 'TokenRejected');
  if (!status.audiences?.includes(hubAudience)) return refuse(401, 'WrongAudience');
  return identify(status, address, claimed.exp * 1000, recordedPod);
}

/** From here on only what the API server said counts. */
function identify(
  { user }: TokenReviewStatus,
  address: string,
  expiresAtMs: number,
  recordedPod: AuthenticateDependencies['recordedPod'],
): Authentication {
  const podUid = user?.extra?.['authentication.kubernetes.io/pod-uid']?.[0];
  const podName = user?.extra?.['authentication.kubernetes.io/pod-name']?.[0];
  if (podUid === undefined || podName === undefined) return refuse(401, 'NotAPodToken');
  const pod = recordedPod(podUid);
  if (pod === undefined || pod.podName !== podName) return refuse(403, 'UnknownPod');
  if (user?.username !== `system:serviceaccount:${pod.namespace}:${pod.serviceAccount}`)
    return refuse(403, 'WrongServiceAccount');
  if (!isPodAddress(address, pod)) return refuse(403, 'WrongAddress');
  const { sandboxUid, namespace, sandbox, createdBy } = pod;
  const creator = createdBy === undefined ? {} : { createdBy };
  const peer = { sandboxUid, namespace, sandbox, ...creator, podUid, address: plainAddress(address) };
  return { ok: true, peer, expiresAtMs };
}

/** Unknown addresses pass for now; the hub asks again when the kubelet has told them. */
export function isPodAddress(address: string, { addresses }: RecordedPod): boolean {
  return addresses.length === 0 || addresses.includes(plainAddress(address));
}

function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

function readClaims(token: string): z.infer<typeof claims> | undefined {
  const [, payload, ...rest] = token.split('.');
  if (token.length > maxTokenBytes || payload === undefined || rest.length !== 1) return undefined;
  try {
    return claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).data;
  } catch {
    // JSON.parse has no other way to say so.
    return undefined;
  }
}

function refuse(status: 401 | 403 | 503, reason: AuthenticationFailure): Authentication {
  return { ok: false, status, reason };
}
