import { inspect } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';

/** Debian's pip. */
export function pipClient({ folder }: Place): Client {
  const pip = ['/usr/bin/python3', '-m', 'pip', '--disable-pip-version-check', '--no-cache-dir'];
  const download = [...pip, 'download', '--retries', '0', '--index-url', 'https://index.test/simple/', '-d', folder];
  const read = [{ methods: ['GET'], path: '/simple/**' }];
  return {
    name: 'pip',
    version: [...pip, '--version'],
    protocol: 'HTTP/1.1',
    steps: [
      {
        what: 'download of a wheel',
        rules: [inspect(['index.test'], { allow: [...read, { methods: ['GET'], path: '/files/**' }] })],
        command: [...download, 'creel-hello'],
        verdict: 'allowed',
        says: 'Successfully downloaded creel-hello',
      },
      {
        what: 'download where only the index is listed',
        rules: [inspect(['index.test'], { allow: read })],
        command: [...download, '-d', `${folder}/other`, 'creel-hello'],
        verdict: 'refused',
        says: 'HTTP error 403 while getting https://index.test/files/',
      },
    ],
  };
}
