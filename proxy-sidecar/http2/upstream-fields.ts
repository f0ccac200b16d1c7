import type { GateVerdict, RequestGate } from '../connection/request-gate.ts';
import { type HeaderField, headerField } from '../http/header-fields.ts';
import { signFields } from '../http/sign-fields.ts';
import type { Http2Request } from './admit-request.ts';

/** What is sent on of the request's fields: the gate's in place of the client's (and then no coding, so that an
 * echo of the credential is seen), `expect` only where the client still waits. */
export function upstreamFields(
  { fields }: Http2Request,
  { setFields }: Extract<GateVerdict, { verdict: 'Permit' }>,
  isBodyRead: boolean,
): readonly HeaderField[] {
  const { kept, signed } = signFields(fields, setFields);
  const sent = kept.filter(({ key }) => !(isBodyRead && key === 'expect'));
  return [...sent, ...signed.map(({ key, value }) => headerField(key, value))];
}

/** The gate's host, as Host or `:authority` names it. */
export function authorityOf({ host, port, defaultPort }: Pick<RequestGate, 'host' | 'port' | 'defaultPort'>): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === defaultPort ? name : `${name}:${port}`;
}
