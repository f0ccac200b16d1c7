import { allow } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';

const rules = [allow(['chat.test'], { protocol: 'WebSocket', inspection: { kind: 'WebSocket', path: '/room' } })];
const script = `
process.exitCode = 1;
const socket = new WebSocket(process.argv[1]);
socket.onopen = () => socket.send('hello');
socket.onmessage = ({ data }) => { console.log(data); process.exitCode = 0; socket.close(); };
socket.onerror = ({ error }) => console.log('error', error.message);
socket.onclose = ({ code }) => console.log('closed', code);
`;

export function nodeWebSocket({ node }: Place): Client {
  const talk = (path: string) => [node, '--input-type=module', '-e', script, `wss://chat.test${path}`];
  return {
    name: 'Node.js WebSocket',
    version: [node, '--version'],
    protocol: 'WebSocket',
    steps: [
      { what: 'messages on a listed path', rules, command: talk('/room'), verdict: 'allowed', says: 'echo hello' },
      {
        what: 'another path',
        rules,
        command: talk('/other'),
        verdict: 'refused',
        says: 'closed 1006',
        unseen: 'GET chat.test/other',
      },
    ],
  };
}
