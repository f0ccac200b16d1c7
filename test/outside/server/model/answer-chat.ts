import { randomUUID } from 'node:crypto';
import { send, type WebResponse } from '../web-server.ts';
import { countTokens, tokensOf } from './count-tokens.ts';
import type { ModelCall } from './model-call.ts';
import { sendEvents } from './send-events.ts';

/** POST /v1/chat/completions, whole or as a stream with the usage chunk where it was asked for. */
export async function answerChat({ body, text, chunkDelayMs }: ModelCall, response: WebResponse): Promise<void> {
  const common = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: body.model };
  const usage = usageOf(JSON.stringify(body.messages ?? []), text);
  if (body.stream !== true) {
    const message = { role: 'assistant', content: text, refusal: null };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
    const answer = { ...common, object: 'chat.completion', choices, usage };
    return send(response, 200, { 'content-type': 'application/json' }, JSON.stringify(answer));
  }
  const chunk = (delta: object, finish: string | null) => ({
    data: {
      ...common,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    },
  });
  const wantsUsage = body.stream_options?.include_usage === true;
  return sendEvents(
    response,
    [
      chunk({ role: 'assistant', content: '' }, null),
      ...tokensOf(text).map(content => chunk({ content }, null)),
      chunk({}, 'stop'),
      ...(wantsUsage ? [{ data: { ...common, object: 'chat.completion.chunk', choices: [], usage } }] : []),
      { data: '[DONE]' },
    ],
    chunkDelayMs,
  );
}

export function usageOf(question: string, answer: string) {
  const prompt = countTokens(question);
  const completion = countTokens(answer);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}
