import { randomUUID } from 'node:crypto';
import { send, type WebResponse } from '../web-server.ts';
import { countTokens, tokensOf } from './count-tokens.ts';
import type { ModelCall } from './model-call.ts';
import { type ServerEvent, sendEvents } from './send-events.ts';

/** POST /v1/responses, whole or as the stream of events that its clients expect. */
export async function answerResponses({ body, text, chunkDelayMs }: ModelCall, response: WebResponse): Promise<void> {
  const itemId = `msg_${randomUUID().replaceAll('-', '')}`;
  const item = (status: string, content: readonly object[]) => ({
    id: itemId,
    type: 'message',
    status,
    role: 'assistant',
    content,
  });
  const base = {
    id: `resp_${randomUUID().replaceAll('-', '')}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    model: body.model,
    error: null,
    incomplete_details: null,
    parallel_tool_calls: true,
    tools: [],
  };
  const input = countTokens(JSON.stringify(body.input ?? ''));
  const output = countTokens(text);
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  };
  const completed = { ...base, status: 'completed', output: [item('completed', [part(text)])], usage };
  if (body.stream !== true)
    return send(response, 200, { 'content-type': 'application/json' }, JSON.stringify(completed));
  const inProgress = { ...base, status: 'in_progress', output: [], usage: null };
  const place = { item_id: itemId, output_index: 0, content_index: 0 };
  const deltas = tokensOf(text).map(delta => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] }));
  return sendEvents(
    response,
    numbered([
      { type: 'response.created', response: inProgress },
      { type: 'response.in_progress', response: inProgress },
      { type: 'response.output_item.added', output_index: 0, item: item('in_progress', []) },
      { type: 'response.content_part.added', ...place, part: part('') },
      ...deltas,
      { type: 'response.output_text.done', ...place, text, logprobs: [] },
      { type: 'response.content_part.done', ...place, part: part(text) },
      { type: 'response.output_item.done', output_index: 0, item: item('completed', [part(text)]) },
      { type: 'response.completed', response: completed },
    ]),
    chunkDelayMs,
  );
}

function part(text: string) {
  return { type: 'output_text', text, annotations: [] };
}

type Typed = { readonly type: string } & Readonly<Record<string, unknown>>;

function numbered(events: readonly Typed[]): readonly ServerEvent[] {
  return events.map((event, index) => ({ event: event.type, data: { ...event, sequence_number: index } }));
}
