// A rule's credential into its use; its secret never passes here. Headers that frame or route a request are nobody's.
import type { AllowRule } from '../../crds/schema/egress-rule.ts';
import type { CredentialUse } from '../../protocol/snapshot.ts';
import type { Problem } from './rule-issue.ts';

export interface CredentialOutcome {
  readonly credential?: CredentialUse;
  readonly problems: readonly Problem[];
}

/** `namespace` is the policy's, of a ClusterEgressPolicy the sandbox's: Secrets of others are out of reach. */
export function compileCredential({ credential, to }: AllowRule, namespace: string): CredentialOutcome {
  if (credential === undefined) return { problems: [] };
  const { secretRef, as, header, username } = credential;
  const wrong: string[] = [];
  if (as === 'Header' && header === undefined) wrong.push('as: Header needs header, for example header: X-Api-Key');
  if (as !== 'Header' && header !== undefined) wrong.push(`header belongs to as: Header; with as: ${as} leave it out`);
  if (as === 'Basic' && username === undefined)
    wrong.push('as: Basic needs username; for a bare token write username: ""');
  if (as !== 'Basic' && username !== undefined)
    wrong.push(`username belongs to as: Basic; with as: ${as} leave it out`);
  if (username !== undefined && !/^[^:\p{Cc}]*$/u.test(username))
    wrong.push('username may hold neither a colon nor control characters');
  if (header !== undefined && isReserved(header))
    wrong.push(`header ${header} belongs to the connection, not to the request; name the header the service reads`);
  if (to.some(({ ports }) => ports?.includes(80)))
    wrong.push('port 80 would send the secret unencrypted; take it out of to, or into a rule without a credential');
  const use = { ref: `${namespace}/${secretRef.name}/${secretRef.key}`, as };
  return {
    credential: {
      ...use,
      ...(header === undefined ? {} : { header }),
      ...(username === undefined ? {} : { username }),
    },
    problems: wrong.map(message => ({ reason: 'BadCredential', message: `credential: ${message}` })),
  };
}

const reserved: ReadonlySet<string> = new Set(
  (
    'host content-length content-type content-encoding transfer-encoding connection keep-alive te trailer upgrade ' +
    'expect via forwarded alt-svc http2-settings range date ' +
    // Some servers serve what these say in place of what was decided.
    'x-host x-method-override x-rewrite-url x-envoy-original-path'
  ).split(' '),
);
const reservedPrefixes = ['proxy-', 'sec-', 'x-forwarded', 'x-creel-', 'x-http-', 'x-original-'];

function isReserved(header: string): boolean {
  const name = header.toLowerCase();
  return reserved.has(name) || reservedPrefixes.some(prefix => name.startsWith(prefix));
}
