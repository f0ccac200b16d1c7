import { describe, expect, test } from 'vitest';
import { recogniseCall } from './recognise-call.ts';

test.each([
  ['POST', '/v1/chat/completions', '/chat/completions', 'OpenAI'],
  ['POST', '/v1/chat/completions?key=stolen', '/chat/completions', 'OpenAI'],
  ['POST', '/v1/embeddings', '/embeddings', 'OpenAI'],
  ['POST', '/v1/messages?beta=true', '/messages?beta=true', 'Anthropic'],
  ['POST', '/v1/messages?beta=true&key=x', '/messages', 'Anthropic'],
  ['GET', '/v1/models', '/models', undefined],
  ['GET', '/v1/models/nvidia/nemotron-3:free', '/models/nvidia/nemotron-3:free', undefined],
  ['GET', '/v1/models/nvidia%2Fx', '/models/nvidia%2Fx', undefined],
  ['GET', '/v1/models/nvidia%2fx..y/.z', '/models/nvidia%2fx..y/.z', undefined],
])('%s %s is %s', (method, target, path, dialect) => {
  expect(recogniseCall(method, target)).toMatchObject({
    ok: true,
    path,
    ...(dialect === undefined ? {} : { dialect }),
  });
});

describe('refused', () => {
  test.each([
    ['POST', '/v1/files'],
    ['POST', '/v1/../admin'],
    ['POST', '/v1/%2e%2e/organization/api_keys'],
    ['POST', '/v1//chat/completions'],
    ['POST', '/v1/chat/completions/'],
    ['POST', '/V1/chat/completions'],
    ['POST', '/v1/chat%2Fcompletions'],
    ['GET', '/v1/models/../files'],
    ['GET', '/v1/models/a/../../files'],
    ['GET', '/v1/models/a/./b'],
    ['GET', '/v1/models/a//b'],
    ['GET', '/v1/models/a/'],
    ['GET', '/v1/models/%2e%2e/files'],
    // Behind a server that decodes the slash these climb, with the key: I05.
    ['GET', '/v1/models/a%2f..%2f..%2fadmin'],
    ['GET', '/v1/models/a%2F../files'],
    ['GET', '/v1/models/a/..%2Ffiles'],
    ['GET', '/v1/models/a%2F.'],
    ['GET', '/v1/models/a%2F%2Fb'],
    ['GET', '/v1/models/a/%2Fb'],
    ['GET', '/v1/models/a%2F'],
    ['GET', '/v1/models/'],
    ['GET', '/'],
    ['GET', '/v1/chat/completions'],
    ['DELETE', '/v1/models/x'],
    ['POST', '/v1/models'],
    ['HEAD', '/v1/models'],
  ])('%s %s', (method, target) => expect(recogniseCall(method, target).ok).toBe(false));
});
