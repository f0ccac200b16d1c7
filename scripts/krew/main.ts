// `node scripts/boot.mjs scripts/krew/main.ts [PLATFORM…] --base-url URL`: archives for krew and the plugin's manifest below dist/krew.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '../images/parts/repository-root.ts';
import { buildKrew } from './build-krew.ts';
import { platforms } from './platforms.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'base-url': { type: 'string' },
    out: { type: 'string' },
  },
});
const baseUrl = values['base-url'];
if (baseUrl === undefined) {
  process.stderr.write(
    'krew: --base-url is missing: where the folder vVERSION with the archives will be, such as https://HOST/releases\n',
  );
  process.exit(2);
}
const wanted = positionals.length === 0 ? platforms : platforms.filter(({ name }) => positionals.includes(name));
if (wanted.length < positionals.length) {
  process.stderr.write(`krew: ${positionals.join(' ')}: there are ${platforms.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}
const { manifest, archives } = await buildKrew(values.out ?? join(repositoryRoot, 'dist/krew'), wanted, baseUrl);
for (const { file, sha256 } of archives) process.stdout.write(`${sha256}  ${file}\n`);
process.stdout.write(`${manifest}\ntry it with: kubectl krew install --manifest=${manifest} --archive=ARCHIVE\n`);
