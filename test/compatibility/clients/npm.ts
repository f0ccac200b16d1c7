import type { Client, Place } from '../client.ts';
import { presetRules } from '../preset-rules.ts';

const registry = 'https://packages.test/';

/** The machine's npm, run by the machine's Node. */
export function npmClient({ folder }: Place): Client {
  const rules = presetRules('npm', 'packages.test').slice(0, 1);
  const npm = ['npm', '--registry', registry, '--no-update-notifier', '--fetch-retries=0', '--prefix', `${folder}/app`];
  const login = '--//packages.test/:_authToken=none';
  return {
    name: 'npm',
    version: ['npm', '--version'],
    protocol: 'HTTP/1.1',
    steps: [
      {
        what: 'install of a scoped package (`%2F`) with preset npm',
        rules,
        command: [...npm, 'install', '@creel/hello'],
        verdict: 'allowed',
        says: 'added 1 package',
      },
      {
        what: 'publish with preset npm',
        rules,
        command: [
          'sh',
          '-c',
          'npm pkg set version=1.0.1 && npm publish "$@"',
          'publish',
          '--registry',
          registry,
          login,
          '--fetch-retries=0',
          '--no-update-notifier',
        ],
        cwd: `${folder}/app/node_modules/@creel/hello`,
        verdict: 'refused',
        says: 'code E403',
        unseen: 'PUT packages.test/@creel%2fhello',
      },
    ],
  };
}
