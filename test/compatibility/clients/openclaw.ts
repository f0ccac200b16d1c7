import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';

const rules = [
  inspect(['assistant.test'], { allow: [{ methods: ['POST'], path: '/v1/chat/completions' }] }),
  inspect(['api.test'], { allow: [{ methods: ['GET'], path: '/things/**' }] }),
];
/** A turn is 5 s of a processor. */
const timeoutMs = 200_000;

/** A turn of the agent whose model asks for one fetch and says what came of it. */
export function openclawWebFetch({ node, openclaw, folder }: Place): Client {
  const run = [node, `${openclaw}/openclaw.mjs`];
  const env = {
    OPENCLAW_CONFIG_PATH: `${folder}/openclaw.json`,
    TMPDIR: folder,
    OPENCLAW_STATE_DIR: `${folder}/openclaw`,
  };
  const turn = (session: string, url: string) => {
    const message = ['--message', `Fetch ${url}`, '--session-id', session];
    return [...run, 'agent', '--agent', 'main', '--local', ...message];
  };
  return {
    name: 'OpenClaw’s web_fetch',
    version: [...run, '--version'],
    protocol: 'HTTP/1.1',
    steps: [
      {
        what: 'page of a listed path, on the word of its model',
        rules,
        command: turn('one', 'https://api.test/things/1'),
        env,
        timeoutMs,
        verdict: 'allowed',
        says: 'hello from api.test',
      },
      {
        what: 'page of another path',
        rules,
        command: turn('two', 'https://api.test/other'),
        env,
        timeoutMs,
        verdict: 'refused',
        endsWell: true,
        says: 'RequestNotAllowed',
        unseen: 'GET api.test/other',
      },
    ],
  };
}
