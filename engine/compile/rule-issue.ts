// Why a rule allows nothing, in words for a condition: field, what is wrong with its value, what to do.

export type IssueReason =
  | 'UnknownField'
  | 'Invalid'
  | 'BadHost'
  | 'BadCidr'
  | 'PublicSuffix'
  | 'SyntheticRange'
  | 'NeverReachable'
  | 'ReservedName'
  | 'BadPath'
  | 'AllowsNothing'
  | 'AllowsAll'
  | 'BadCredential'
  | 'ServiceNotFound'
  | 'IdentityRequired'
  | 'BeyondCeiling'
  | 'Conflict'
  /** Of spec.tests: `rule` is then `tests[0]`, and no rule is refused for it. */
  | 'TestFailed'
  | CredentialReason;

/** Why a rule's requests are not signed in, and go nowhere. */
export type CredentialReason =
  | 'SecretPending'
  | 'SecretNotFound'
  | 'SecretAccessDenied'
  | 'SecretKeyMissing'
  | 'SecretKeyInvalid'
  | 'SecretHostsMissing'
  | 'SecretHostNotAllowed';

export interface RuleIssue {
  /** `namespace/policy`, or `cluster/policy` for a ClusterEgressPolicy. */
  readonly policy: string;
  readonly rule: string;
  readonly reason: IssueReason;
  readonly message: string;
}

/** An issue before it is known whose it is. */
export type Problem = Pick<RuleIssue, 'reason' | 'message'>;
