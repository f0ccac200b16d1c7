import { allow } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';
import { packageVersion } from '../package-version.ts';

const rules = [
  allow(['chat.test'], { protocol: 'WebSocket', inspection: { kind: 'WebSocket', path: '/room', text: ['hi*'] } }),
];

export function wsClient({ node, folder }: Place): Client {
  const say = (path: string, text: string) => [node, `${folder}/chat.mjs`, `wss://chat.test${path}`, text];
  return {
    name: 'ws',
    version: packageVersion('ws'),
    protocol: 'WebSocket',
    steps: [
      { what: 'a listed message', rules, command: say('/room', 'hi there'), verdict: 'allowed', says: 'echo hi there' },
      { what: 'another message', rules, command: say('/room', 'drop it'), verdict: 'refused', says: 'closed 1008' },
      {
        what: 'another path',
        rules,
        command: say('/admin', 'hi'),
        verdict: 'refused',
        says: 'error Unexpected server response: 403',
        unseen: 'GET chat.test/admin',
      },
    ],
  };
}
