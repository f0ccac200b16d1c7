import { randomUUID } from 'node:crypto';
import { send, type WebResponse } from '../web-server.ts';
import { usageOf } from './answer-chat.ts';
import { tokensOf } from './count-tokens.ts';
import type { ModelCall } from './model-call.ts';
import { sendEvents } from './send-events.ts';

/** POST /v1/completions, whole or as a stream. */
export async function answerCompletion({ body, text, chunkDelayMs }: ModelCall, response: WebResponse): Promise<void> {
  const common = {
    id: `cmpl-${randomUUID()}`,
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: body.model,
  };
  const usage = usageOf(JSON.stringify(body.prompt ?? ''), text);
  if (body.stream !== true) {
    const answer = { ...common, choices: choices(text, 'stop'), usage };
    return send(response, 200, { 'content-type': 'application/json' }, JSON.stringify(answer));
  }
  const wantsUsage = body.stream_options?.include_usage === true;
  return sendEvents(
    response,
    [
      ...tokensOf(text).map(piece => ({ data: { ...common, choices: choices(piece, null) } })),
      { data: { ...common, choices: choices('', 'stop') } },
      ...(wantsUsage ? [{ data: { ...common, choices: [], usage } }] : []),
      { data: '[DONE]' },
    ],
    chunkDelayMs,
  );
}

function choices(text: string, finish: string | null) {
  return [{ index: 0, text, logprobs: null, finish_reason: finish }];
}
