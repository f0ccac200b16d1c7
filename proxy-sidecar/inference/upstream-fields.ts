// What of a call's header fields reaches the model server, and what of its answer reaches the agent: two short lists.
import { type HeaderField, headerField } from '../http/header-fields.ts';
import type { Dialect } from './recognise-call.ts';
import type { SecretValue } from './secret-value.ts';

const requestKeys: ReadonlySet<string> = new Set([
  'accept',
  'user-agent',
  'openai-organization',
  'openai-project',
  'openai-beta',
  'anthropic-version',
  'anthropic-beta',
  'idempotency-key',
]);

const responseKeys: ReadonlySet<string> = new Set([
  'content-type',
  'cache-control',
  'date',
  'retry-after',
  'retry-after-ms',
  'request-id',
  'x-request-id',
  'x-should-retry',
  'openai-model',
  'openai-processing-ms',
  'openai-version',
]);

export interface UpstreamFieldsOptions {
  readonly authority: string;
  readonly dialect: Dialect;
  readonly secret: SecretValue | undefined;
  /** Undefined: no body. */
  readonly contentLength: number | undefined;
}

/** The caller's own credentials are never merged: they are not on the list. */
export function upstreamRequestFields(
  fields: readonly HeaderField[],
  { authority, dialect, secret, contentLength }: UpstreamFieldsOptions,
): readonly HeaderField[] {
  const kept = fields.filter(({ key }) => requestKeys.has(key));
  const hasVersion = kept.some(({ key }) => key === 'anthropic-version');
  return [
    headerField('Host', authority),
    ...kept,
    headerField('Accept-Encoding', 'identity'),
    ...(dialect === 'Anthropic' && !hasVersion ? [headerField('Anthropic-Version', '2023-06-01')] : []),
    ...credentialField(dialect, secret),
    ...(contentLength === undefined
      ? []
      : [headerField('Content-Type', 'application/json'), headerField('Content-Length', String(contentLength))]),
  ];
}

function credentialField(dialect: Dialect, secret: SecretValue | undefined): readonly HeaderField[] {
  if (secret === undefined) return [];
  return dialect === 'Anthropic'
    ? [headerField('X-Api-Key', secret.expose())]
    : [headerField('Authorization', `Bearer ${secret.expose()}`)];
}

export function agentResponseFields(fields: readonly HeaderField[]): readonly HeaderField[] {
  return fields.filter(
    ({ key }) => responseKeys.has(key) || key.startsWith('x-ratelimit-') || key.startsWith('anthropic-ratelimit-'),
  );
}
