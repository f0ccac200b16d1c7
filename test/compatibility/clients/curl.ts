import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client } from '../client.ts';

const rules = [inspect(['api.test'], { access: 'ReadOnly' })];

export function curlClient(version: 'HTTP/1.1' | 'HTTP/2'): Client {
  const full = [inspect(['api.test'], { access: 'Full' })];
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
        // More than 1 MB: over HTTP/1.1 curl asks first, with Expect: 100-continue.
        what: 'upload of 3 MB',
        rules: full,
        command: [
          'sh',
          '-c',
          'head -c 3000000 /dev/urandom | "$@"',
          'upload',
          ...curl,
          '-T',
          '-',
          'https://api.test/big',
        ],
        verdict: 'allowed',
        says: 'hello from api.test got 3000000',
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
