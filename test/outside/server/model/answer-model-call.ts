// An OpenAI-compatible model server that says which model it was asked for; no tools, no surprises.
import type { RequestRecord } from '../../control-protocol.ts';
import type { State } from '../state.ts';
import { send, type WebResponse } from '../web-server.ts';
import { answerChat } from './answer-chat.ts';
import { answerCompletion } from './answer-completion.ts';
import { answerEmbeddings } from './answer-embeddings.ts';
import { answerResponses } from './answer-responses.ts';
import { describeModel } from './describe-model.ts';
import { type ModelCall, parseCall } from './model-call.ts';
import { modelError } from './model-error.ts';
import { sayText } from './say-text.ts';

type Answer = (call: ModelCall, response: WebResponse) => Promise<void>;

const operations: ReadonlyMap<string, Answer> = new Map([
  ['/v1/chat/completions', answerChat],
  ['/v1/completions', answerCompletion],
  ['/v1/embeddings', answerEmbeddings],
  ['/v1/responses', answerResponses],
]);

export async function answerModelCall(
  state: State,
  record: Omit<RequestRecord, 'id' | 'atMs'>,
  response: WebResponse,
): Promise<void> {
  const { apiKey, models, chunkDelayMs } = state.model;
  const refuse = (status: number, message: string, code: string) =>
    send(response, status, { 'content-type': 'application/json' }, JSON.stringify(modelError(message, code)));
  if (apiKey !== undefined && record.headers['authorization'] !== `Bearer ${apiKey}`)
    return refuse(401, 'Incorrect API key provided.', 'invalid_api_key');
  if (state.failuresLeft > 0 && state.model.failNext !== undefined) {
    state.failuresLeft--;
    return refuse(state.model.failNext.status, 'The test asked for this failure.', 'asked_for');
  }
  const path = record.path.split('?')[0] ?? '';
  if (record.method === 'GET' && (path === '/v1/models' || path.startsWith('/v1/models/'))) {
    const answer = describeModel(models, decodeURIComponent(path.slice('/v1/models/'.length)));
    if (answer === undefined) return refuse(404, 'The model does not exist.', 'model_not_found');
    return send(response, 200, { 'content-type': 'application/json' }, JSON.stringify(answer));
  }
  const operation = record.method === 'POST' ? operations.get(path) : undefined;
  if (operation === undefined) return refuse(404, `Unknown request: ${record.method} ${path}`, 'unknown_url');
  const body = parseCall(record.body);
  if (typeof body === 'string') return refuse(400, body, 'invalid_request');
  const text = state.model.text ?? sayText(body);
  return operation({ body, text, chunkDelayMs: chunkDelayMs ?? 0 }, response);
}
