// A registry of one scoped package, as npm asks for it: the document under a name with %2F, and the tarball.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../cluster/base/run-command.ts';
import type { HostServer } from './world.ts';

const manifest = { name: '@creel/hello', version: '1.0.0', main: 'index.js' };
const tarballPath = '/@creel/hello/-/hello-1.0.0.tgz';

export async function createNpmRegistry(folder: string, host: string): Promise<HostServer> {
  const tarball = await packTarball(join(folder, 'npm'));
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const document = {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: {
      [manifest.version]: { ...manifest, dist: { tarball: `https://${host}${tarballPath}`, integrity } },
    },
  };
  return {
    answer: (request, response) => {
      request.resume();
      if (request.url === '/@creel%2fhello' || request.url === '/@creel%2Fhello')
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
      else if (request.url === tarballPath) response.end(tarball);
      else response.writeHead(404).end('{}');
    },
  };
}

async function packTarball(folder: string): Promise<Buffer> {
  mkdirSync(join(folder, 'package'), { recursive: true });
  writeFileSync(join(folder, 'package', 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package', 'index.js'), "module.exports = 'hello';\n");
  await runCommand(['tar', '-czf', join(folder, 'hello.tgz'), '-C', folder, 'package']);
  return readFileSync(join(folder, 'hello.tgz'));
}
