// Server-sent events, one write each, so that a proxy which coalesces or holds them back is seen.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebResponse } from '../web-server.ts';

export interface ServerEvent {
  /** Without it the event has data only. */
  readonly event?: string;
  readonly data: unknown;
}

export async function sendEvents(
  response: WebResponse,
  events: readonly ServerEvent[],
  delayMs: number,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  for (const [index, { event, data }] of events.entries()) {
    if (index > 0 && delayMs > 0) await sleep(delayMs);
    if (response.destroyed) return;
    const name = event === undefined ? '' : `event: ${event}\n`;
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    if (!response.write(`${name}data: ${text}\n\n`))
      await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}
