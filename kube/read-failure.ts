import { z } from 'zod';
import type { ApiFailure } from './types.ts';

const statusSchema = z.object({
  reason: z.string().optional(),
  message: z.string().optional(),
  code: z.number().optional(),
  details: z
    .object({
      retryAfterSeconds: z.number().optional(),
      causes: z.array(z.object({ field: z.string().optional() })).optional(),
    })
    .optional(),
});

/** For answers without a Status body: a proxy in between, or an overloaded server. */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** What a Status object says, whether it came as an answer or inside a watch. */
export function readFailure(status: number, body: unknown, retryAfterMs?: number): ApiFailure {
  const { reason, message, code, details } = statusSchema.safeParse(body).data ?? {};
  const http = code ?? status;
  const seconds = details?.retryAfterSeconds;
  // An apply for another uid: a conflict for custom resources, and "field is immutable" for built-in kinds.
  if (details?.causes?.some(({ field }) => field === 'metadata.uid'))
    return { status: 409, reason: 'Conflict', message: message ?? 'another object has this name' };
  const waitMs = retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000);
  return {
    status: http,
    reason: reason === undefined || reason === '' ? (reasons[http] ?? 'Unknown') : reason,
    message: message ?? `the API server answered ${http}`,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  };
}

/** A refusal is the API server's considered no; everything else may be different in a moment. */
export function isRefusal({ status }: ApiFailure): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}
