import { createHash } from 'node:crypto';
import { send, type WebResponse } from '../web-server.ts';
import { countTokens } from './count-tokens.ts';
import type { ModelCall } from './model-call.ts';

const dimensions = 16;

/** POST /v1/embeddings: the same text gives the same vector. */
export async function answerEmbeddings({ body }: ModelCall, response: WebResponse): Promise<void> {
  const texts = [body.input ?? ''].flat().map(text => (typeof text === 'string' ? text : JSON.stringify(text)));
  const data = texts.map((text, index) => {
    const vector = embed(text);
    const embedding = body.encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector];
    return { object: 'embedding', index, embedding };
  });
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  const answer = { object: 'list', data, model: body.model, usage };
  send(response, 200, { 'content-type': 'application/json' }, JSON.stringify(answer));
}

function embed(text: string): Float32Array<ArrayBuffer> {
  const digest = createHash('sha256').update(text).digest();
  return Float32Array.from({ length: dimensions }, (_unused, index) => digest.readInt16BE(index * 2) / 32_768);
}
