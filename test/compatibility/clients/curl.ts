import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client } from '../client.ts';

const rules = [inspect(['api.test'], { access: 'ReadOnly' })];

export function curlClient(version: 'HTTP/1.1' | 'HTTP/2'): Client {
  const curl = ['curl', '-fsS', '-m', '8', version === 'HTTP/2' ? '--http2' : '--http1.1'];
  return {
    name: 'curl',
    version: ['curl', '--version'],
    protocol: version,
    steps: [
      {
        what: 'GET under ReadOnly',
        rules,
        command: [...curl, '-w', ' %{http_version}', 'https://api.test/things'],
        verdict: 'allowed',
        says: `hello from api.test ${version === 'HTTP/2' ? '2' : '1.1'}`,
      },
      {
        what: 'DELETE under ReadOnly',
        rules,
        command: [...curl, '-X', 'DELETE', 'https://api.test/things'],
        verdict: 'refused',
        says: 'curl: (22) The requested URL returned error: 403',
        unseen: 'DELETE api.test/things',
      },
    ],
  };
}
