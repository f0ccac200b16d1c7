// git's own `git http-backend` behind a handler: what git clients clone from and push to.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { runCommand } from '../../cluster/base/run-command.ts';
import type { HostServer } from './world.ts';

/** One bare repository `team/repo.git` with one commit. */
export async function createGitServer(folder: string): Promise<HostServer> {
  const bare = join(folder, 'git', 'team', 'repo.git');
  const work = join(folder, 'work');
  mkdirSync(bare, { recursive: true });
  await git('init', '-q', '--bare', '-b', 'main', bare);
  await git('init', '-q', '-b', 'main', work);
  await git('-C', work, 'commit', '-q', '--allow-empty', '-m', 'first');
  await git('-C', work, 'push', '-q', bare, 'main');
  return { answer: (request, response) => runBackend(join(folder, 'git'), request, response) };
}

function runBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'https://git.test');
  const { 'content-type': type, 'content-encoding': encoding, 'git-protocol': protocol } = request.headers;
  const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'agent',
      REMOTE_ADDR: '192.0.2.1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      ...(type === undefined ? {} : { CONTENT_TYPE: type }),
      ...(encoding === undefined ? {} : { HTTP_CONTENT_ENCODING: encoding }),
      ...(typeof protocol === 'string' ? { GIT_PROTOCOL: protocol } : {}),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.on('close', () => sendCgi(Buffer.concat(parts), response));
}

function sendCgi(output: Buffer, response: ServerResponse): void {
  const end = output.indexOf('\r\n\r\n');
  const fields = output
    .subarray(0, end)
    .toString()
    .split('\r\n')
    .map(line => line.split(/:\s*/, 2) as [string, string]);
  const status = fields.find(([name]) => name === 'Status')?.[1] ?? '200';
  response.writeHead(Number.parseInt(status, 10), Object.fromEntries(fields.filter(([name]) => name !== 'Status')));
  response.end(output.subarray(end + 4));
}

async function git(...args: readonly string[]): Promise<void> {
  await runCommand(['git', '-c', 'user.name=Creel', '-c', 'user.email=creel@creel.test', ...args]);
}
