// How a rule's credential reaches upstream: set over whatever the agent sent, over TLS only, to the Secret's own hosts only.
import type { Credentials, CredentialUse } from '../../protocol/snapshot.ts';
import { type HeaderField, headerField } from '../http/header-fields.ts';

export type SignedIn =
  | { readonly ok: true; readonly fields: readonly HeaderField[] }
  /** For the agent: never a byte of the secret. */
  | { readonly ok: false; readonly detail: string };

// oxlint-disable-next-line no-control-regex -- what no header value may hold
const controls = /[\x00-\x1f\x7f]/;

export function credentialFields(
  use: CredentialUse | undefined,
  { host, isTls }: { readonly host: string; readonly isTls: boolean },
  credentials: Credentials | undefined,
): SignedIn {
  if (use === undefined) return { ok: true, fields: [] };
  if (!isTls) return refuse('The rule signs requests in, which is done over TLS only.');
  const item = credentials?.items.find(({ ref }) => ref === use.ref);
  if (item === undefined) return refuse('The credential of the rule that allows this request is not there (yet).');
  if (!item.allowedHosts.includes(host)) return refuse(`The rule's credential is not for ${host}.`);
  const secret = item.secret.trim();
  if (secret === '' || controls.test(secret)) return refuse("The rule's credential cannot stand in a header.");
  return { ok: true, fields: [fieldOf(use, secret)] };
}

function fieldOf({ as, header = 'Authorization', username = '' }: CredentialUse, secret: string): HeaderField {
  if (as === 'Bearer') return headerField('Authorization', `Bearer ${secret}`);
  if (as === 'Basic')
    return headerField('Authorization', `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`);
  // Heads are written as latin1: bytes of the secret's UTF-8 go out as they are.
  return headerField(header, Buffer.from(secret, 'utf8').toString('latin1'));
}

function refuse(detail: string): SignedIn {
  return { ok: false, detail };
}
