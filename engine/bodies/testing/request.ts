import type { RequestHead } from '../../decide/request-decision.ts';

/** A POST of JSON unless told otherwise. */
export function head(changes: Partial<RequestHead> = {}): RequestHead {
  return { method: 'POST', target: '/api', isWebSocket: false, contentType: 'application/json', ...changes };
}

export function json(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}
