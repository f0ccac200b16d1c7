import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';
import { packageVersion } from '../package-version.ts';

const rules = [inspect(['llm.test'], { allow: [{ methods: ['POST'], path: '/v1/chat/completions' }] })];

export function openaiClient({ node, folder }: Place): Client {
  const call = (what: string) => [node, `${folder}/openai-call.mjs`, what];
  return {
    name: 'openai for Node.js',
    version: packageVersion('openai'),
    protocol: 'HTTP/1.1, server-sent events',
    steps: [
      {
        what: 'a streamed completion',
        rules,
        command: call('chat'),
        verdict: 'allowed',
        says: 'streamed in pieces',
      },
      {
        what: 'deletion of a file',
        rules,
        command: call('delete'),
        verdict: 'refused',
        says: 'error 403',
        unseen: 'DELETE llm.test/v1/files/file-1',
      },
    ],
  };
}
