import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';

const rules = [inspect(['api.test'], { allow: [{ methods: ['GET'], path: '/things/**' }] })];
const script = `
const answer = await fetch(process.argv[1]);
console.log(answer.status, await answer.text());
process.exitCode = answer.ok ? 0 : 1;
`;

export function nodeFetch({ node }: Place): Client {
  const run = (url: string) => [node, '--input-type=module', '-e', script, url];
  return {
    name: 'Node.js fetch',
    version: [node, '--version'],
    protocol: 'HTTP/1.1',
    steps: [
      {
        what: 'GET of a listed path',
        rules,
        command: run('https://api.test/things/1'),
        verdict: 'allowed',
        says: '200 hello from api.test',
      },
      {
        what: 'GET of another path',
        rules,
        command: run('https://api.test/other'),
        verdict: 'refused',
        says: '403 {"error":"RequestNotAllowed"',
        unseen: 'GET api.test/other',
      },
    ],
  };
}
