import type { Client, Place } from '../client.ts';
import { presetRules } from '../preset-rules.ts';

const url = 'https://git.test/team/repo.git';

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
    ],
  };
}
