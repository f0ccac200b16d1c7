import { expect, test } from 'vitest';
import { UsageCounter } from './usage-counter.ts';

function count(text: string, isStream: boolean, size = 7) {
  const counter = new UsageCounter(isStream);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) counter.push(bytes.subarray(at, at + size));
  return counter.end();
}

test.each([
  ['a body', '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}', false, 7, false],
  ['a stream that tells', 'data: {"x":1}\n\ndata: {"usage":{"total_tokens":9}}\n\ndata: [DONE]\n\n', true, 9, false],
  ['a stream that does not', 'data: {"x":1}\n\ndata: {"x":2}\n\ndata: [DONE]\n\n', true, 3, true],
  [
    "Anthropic's stream",
    'event: a\ndata: {"message":{"usage":{"input_tokens":5,"output_tokens":1}}}\n\ndata: {"usage":{"input_tokens":5,"output_tokens":20}}\n\n',
    true,
    25,
    false,
  ],
  ["OpenAI's responses", 'data: {"response":{"usage":{"input_tokens":2,"output_tokens":3}}}\n\n', true, 5, false],
  ['a body without', '{"a":"bcd"}', false, 3, true],
  ['nonsense numbers', '{"usage":{"total_tokens":"1e9","prompt_tokens":-4}}', false, 0, false],
])('%s', (_what, text, isStream, tokens, isEstimate) => {
  for (const size of [1, 7, 1000]) expect(count(text, isStream, size)).toEqual({ tokens, isEstimate });
});

test('a line that never ends is not held', () => {
  const counter = new UsageCounter(true);
  for (let index = 0; index < 100; index++) counter.push(Buffer.alloc(100_000, 'a'));
  counter.push(Buffer.from('\ndata: {"usage":{"total_tokens":2}}\n'));
  expect(counter.end()).toEqual({ tokens: 2, isEstimate: false });
});
