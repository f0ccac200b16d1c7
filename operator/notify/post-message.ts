// One POST to the administrator's address. No redirect is followed, no proxy of the environment used, no answer read.
import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';
import type { NotifierSettings } from './notifier-settings.ts';

export type Posted =
  | { readonly type: 'Sent' }
  /** Again later; `afterMs` from Retry-After. */
  | { readonly type: 'TryAgain'; readonly why: string; readonly afterMs?: number }
  /** It would be the same again. */
  | { readonly type: 'Refused'; readonly why: string };

const connectMs = 5_000;
const answerMs = 10_000;
const longestRetryAfterMs = 600_000;

export function createPoster({ url, ca }: NotifierSettings): {
  readonly post: (message: object, signal: AbortSignal) => Promise<Posted>;
  readonly close: () => Promise<void>;
} {
  const agent = new Agent({
    connections: 1,
    connect: { timeout: connectMs, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca: withPublic(ca) }) },
    headersTimeout: answerMs,
    bodyTimeout: answerMs,
  });
  return {
    post: async (message, signal) => {
      try {
        const { statusCode, headers, body } = await request(url, {
          method: 'POST',
          dispatcher: agent,
          headers: { 'content-type': 'application/json', 'user-agent': 'creel-notifier' },
          body: JSON.stringify(message),
          signal: AbortSignal.any([signal, AbortSignal.timeout(connectMs + answerMs)]),
        });
        await body.dump({ limit: 65_536, signal: AbortSignal.timeout(answerMs) }).catch(() => undefined);
        return judge(statusCode, headers['retry-after']);
      } catch (error) {
        // Never the URL: it often is the secret.
        return { type: 'TryAgain', why: codeOf(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

function judge(status: number, retryAfter: string | string[] | undefined): Posted {
  if (status >= 200 && status < 300) return { type: 'Sent' };
  if (status >= 300 && status < 400) return { type: 'Refused', why: `HTTP ${status}: redirects are not followed` };
  if (status !== 408 && status !== 429 && status < 500) return { type: 'Refused', why: `HTTP ${status}` };
  const seconds = Number(retryAfter);
  const after =
    Number.isFinite(seconds) && seconds > 0 ? { afterMs: Math.min(seconds * 1_000, longestRetryAfterMs) } : {};
  return { type: 'TryAgain', why: `HTTP ${status}`, ...after };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function withPublic(ca: string): string[] {
  return [...rootCertificates, ca];
}
