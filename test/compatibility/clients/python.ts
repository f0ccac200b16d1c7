import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client } from '../client.ts';

const rules = [inspect(['api.test'], { allow: [{ methods: ['GET', 'POST'], path: '/things/**' }] })];
// Debian's interpreter, whatever else the machine has: pip brings its own copy of requests.
const python = '/usr/bin/python3';
const post = `import sys
from pip._vendor import requests
answer = requests.post(sys.argv[1], json={'a': 1})
answer.raise_for_status(); print(answer.text)`;
const open = `import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode())`;

export const pythonRequests: Client = {
  name: 'Python requests (pip’s copy)',
  version: [python, '-c', 'from pip._vendor import requests; print(requests.__version__)'],
  protocol: 'HTTP/1.1',
  steps: stepsOf(post, 'POST', '403 Client Error: Forbidden for url: https://api.test/other'),
};

export const pythonUrllib: Client = {
  name: 'Python urllib',
  version: [python, '--version'],
  protocol: 'HTTP/1.1',
  steps: stepsOf(open, 'GET', 'urllib.error.HTTPError: HTTP Error 403: Forbidden'),
};

function stepsOf(script: string, method: string, refusal: string): Client['steps'] {
  return [
    {
      what: `${method} of a listed path`,
      rules,
      command: [python, '-c', script, 'https://api.test/things/1'],
      verdict: 'allowed',
      says: 'hello from api.test',
    },
    {
      what: `${method} of another path`,
      rules,
      command: [python, '-c', script, 'https://api.test/other'],
      verdict: 'refused',
      says: refusal,
      unseen: `${method} api.test/other`,
    },
  ];
}
