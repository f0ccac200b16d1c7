// A simple index of one wheel.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../cluster/base/run-command.ts';
import type { HostServer } from './world.ts';

const wheelName = 'creel_hello-1.0-py3-none-any.whl';
const makeWheel = `import sys, zipfile
info = 'creel_hello-1.0.dist-info/'
files = {
  'creel_hello.py': 'hello = 1\\n',
  info + 'METADATA': 'Metadata-Version: 2.1\\nName: creel-hello\\nVersion: 1.0\\n',
  info + 'WHEEL': 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n',
}
record = ''.join(name + ',,\\n' for name in [*files, info + 'RECORD'])
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
  for name, text in {**files, info + 'RECORD': record}.items(): wheel.writestr(name, text)`;

export async function createPythonIndex(folder: string): Promise<HostServer> {
  const file = join(folder, wheelName);
  await runCommand(['/usr/bin/python3', '-c', makeWheel, file]);
  const wheel = readFileSync(file);
  return {
    answer: (request, response) => {
      request.resume();
      if (request.url === '/simple/creel-hello/')
        response
          .writeHead(200, { 'content-type': 'text/html' })
          .end(`<!DOCTYPE html><html><body><a href="/files/${wheelName}">${wheelName}</a></body></html>`);
      else if (request.url === `/files/${wheelName}`) response.end(wheel);
      else response.writeHead(404).end();
    },
  };
}
