// `npm run package`: the command line as an npm package below dist/.
import { join } from 'node:path';
import { repositoryRoot } from '../images/parts/repository-root.ts';
import { packNpm } from './pack-npm.ts';

const { tarball } = await packNpm(join(repositoryRoot, 'dist'));
process.stdout.write(`${tarball}\ninstall it with: npm install --global ${tarball}\n`);
