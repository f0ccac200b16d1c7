// What the two ways upstream need to carry one permitted stream, and what they tell about it.
import type { ServerHttp2Stream } from 'node:http2';
import type { CredentialRedactor } from '../http/credential-redactor.ts';
import type { HeaderField } from '../http/header-fields.ts';
import type { Http2Request } from './admit-request.ts';
import type { Http2Limits } from './http2-limits.ts';

export interface Forwarding {
  readonly agent: ServerHttp2Stream;
  readonly request: Http2Request;
  /** End to end, credentials set. */
  readonly fields: readonly HeaderField[];
  readonly authority: string;
  /** Where a credential was set: takes it out of the answer. */
  readonly redactor?: CredentialRedactor;
  /** The whole body, where policy has read it. */
  readonly body?: Buffer;
  /** Of the agent, as they came; empty before its stream has ended. */
  readonly trailers: () => readonly string[];
  readonly limits: Http2Limits;
  /** Aborted when policy no longer allows the request. */
  readonly signal: AbortSignal;
}

export interface Forwarded {
  /** `BadUpstream` with status 502 or 504 when the agent has had no head yet: the caller answers. */
  readonly outcome: 'Forwarded' | 'BadUpstream';
  readonly status: number;
  readonly reason?: string;
  /** Refused by upstream before it did anything (GOAWAY, REFUSED_STREAM), nothing of a body consumed. */
  readonly isUnprocessed?: boolean;
  readonly bytesUp: number;
  readonly bytesDown: number;
}
