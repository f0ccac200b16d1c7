// Whether a Secret may be used, by what was read of it: the same words for a profile's key and a rule's.
import { annotations } from '../../crds/schema/group.ts';
import type { CredentialReason } from '../../engine/compile/rule-issue.ts';
import type { CredentialState } from './credential-state.ts';

export interface CredentialQuestion {
  /** Of the object that names the Secret: `spec.credential.secretRef`. */
  readonly field: string;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  /** Where it shall be sent: names, without ports. */
  readonly hosts: readonly string[];
  /** Whether this entry of the annotation lets it go to that host. */
  readonly covers: (allowed: string, host: string) => boolean;
}

export type CheckedCredential =
  | { readonly ok: true; readonly secret: string }
  | { readonly ok: false; readonly reason: CredentialReason; readonly message: string };

export function checkCredential(state: CredentialState, question: CredentialQuestion): CheckedCredential {
  const { field, namespace, name, key } = question;
  const where = `Secret ${namespace}/${name}`;
  switch (state.state) {
    case 'Unread':
      return refuse('SecretPending', `${where} has not been read yet`);
    case 'Missing':
      return refuse(
        'SecretNotFound',
        `${field}: there is no ${where}; create it: kubectl create secret generic ${name} -n ${namespace} --from-file=${key}=FILE`,
      );
    case 'Denied':
      return refuse('SecretAccessDenied', `${where}: ${state.message}`);
    case 'Read':
      return checkRead(state, question, where);
    default:
      return state satisfies never;
  }
}

function checkRead(
  { values, allowedHosts }: Extract<CredentialState, { state: 'Read' }>,
  { field, namespace, name, key, hosts, covers }: CredentialQuestion,
  where: string,
): CheckedCredential {
  const secret = values.get(key)?.trim();
  if (secret === undefined || secret === '')
    return refuse('SecretKeyMissing', `${field}.key: ${where} has no value under ${key}; add it, or name another key`);
  if (/[\p{Cc}]/u.test(secret))
    return refuse(
      'SecretKeyInvalid',
      `${where}: the value under ${key} has control characters, which no header may hold`,
    );
  const missing = hosts.filter(host => !allowedHosts?.some(allowed => covers(allowed.trim(), host)));
  const wanted = [...new Set([...(allowedHosts ?? []), ...missing])].filter(host => host !== '').join(',');
  const annotate = `kubectl annotate secret ${name} -n ${namespace} --overwrite ${annotations.allowedHosts}=${wanted}`;
  if (allowedHosts === undefined)
    return refuse(
      'SecretHostsMissing',
      `${where} does not say where its key may be sent; its owner allows it: ${annotate}`,
    );
  if (missing.length > 0)
    return refuse(
      'SecretHostNotAllowed',
      `${where} may not be sent to ${missing.join(', ')} (${annotations.allowedHosts} does not list it); its owner allows it: ${annotate}`,
    );
  return { ok: true, secret };
}

function refuse(reason: CredentialReason, message: string): CheckedCredential {
  return { ok: false, reason, message };
}
