import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';

const rules = [inspect(['api.test'], { allow: [{ methods: ['GET'], path: '/things/**' }] })];

export function chromium({ folder, caFile }: Place): Client {
  const browse = ['chromium-headless-shell', '--no-sandbox', `--user-data-dir=${folder}/chromium`, '--dump-dom'];
  return {
    name: 'Chromium, headless',
    version: ['sh', '-c', 'command -v certutil >/dev/null && chromium-headless-shell --version'],
    protocol: 'HTTP/2',
    preparation: {
      what: 'it reads no environment; `certutil -d sql:$HOME/.pki/nssdb -A -n creel -t C,, -i /creel/ca.crt`',
      command: [
        'sh',
        '-c',
        `mkdir -p $HOME/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -n creel -t C,, -i ${caFile}`,
      ],
    },
    steps: [
      {
        what: 'page of a listed path',
        rules,
        command: [...browse, 'https://api.test/things/1'],
        verdict: 'allowed',
        says: 'hello from api.test',
      },
      {
        what: 'page of another path',
        rules,
        command: [...browse, 'https://api.test/other'],
        verdict: 'refused',
        endsWell: true,
        says: 'RequestNotAllowed',
        unseen: 'GET api.test/other',
      },
    ],
  };
}
