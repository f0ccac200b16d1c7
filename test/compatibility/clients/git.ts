import type { Client, Place } from '../client.ts';
import { presetRules } from '../preset-rules.ts';

const url = 'https://git.test/team/repo.git';

const commitBig = `head -c 3000000 /dev/urandom > big && git add big &&
git -c user.name=Agent -c user.email=agent@agent.test commit -q -m big && git push origin HEAD:refs/heads/big`;

export function gitClient({ folder }: Place): Client {
  const read = presetRules('git-read', 'git.test');
  const write = [...read, ...presetRules('git-write', 'git.test')];
  const clone = `${folder}/clone`;
  const push = ['git', '-C', clone, 'push', 'origin', 'HEAD:refs/heads/agent'];
  return {
    name: 'git',
    version: ['git', '--version'],
    protocol: 'HTTP, smart',
    steps: [
      {
        what: 'clone with preset git-read',
        rules: read,
        command: ['git', 'clone', url, clone],
        verdict: 'allowed',
        says: 'Cloning into',
      },
      {
        what: 'push with git-read alone',
        rules: read,
        command: push,
        verdict: 'refused',
        says: 'The requested URL returned error: 403',
        unseen: 'GET git.test/team/repo.git/info/refs?service=git-receive-pack',
      },
      {
        what: 'push with git-read and git-write',
        rules: write,
        command: push,
        verdict: 'allowed',
        says: '[new branch]      HEAD -> agent',
      },
      {
        // Beyond http.postBuffer, git probes first and then sends the pack in chunks, without a length.
        what: 'push of 3 MB',
        rules: write,
        command: ['sh', '-c', commitBig],
        cwd: clone,
        verdict: 'allowed',
        says: '[new branch]      HEAD -> big',
      },
    ],
  };
}
