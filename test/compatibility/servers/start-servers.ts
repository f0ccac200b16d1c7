// Every server that the clients need.
import { join } from 'node:path';
import type { Outside } from '../../outside/client/outside.ts';
import { createChatServer } from './chat-server.ts';
import { createGitServer } from './git-server.ts';
import { startGrpcServer } from './grpc-server.ts';
import { hello } from './hello.ts';
import { createMcpServer } from './mcp-server.ts';
import { createNpmRegistry } from './npm-registry.ts';
import { createPythonIndex } from './python-index.ts';
import { startWorld, type World } from './world.ts';

/** `folder` is for what they serve. */
export async function startServers(outside: Outside, folder: string): Promise<World> {
  const world = await startWorld(outside, {
    'api.test': hello,
    'git.test': await createGitServer(folder),
    'packages.test': await createNpmRegistry(folder, 'packages.test'),
    'index.test': await createPythonIndex(folder),
    'chat.test': createChatServer(),
    'mcp.test': createMcpServer(tool => world.arrived.push(`tool ${tool}`)),
  });
  const grpcSocket = join(world.folder, 'grpc.sock');
  const stopGrpc = await startGrpcServer(world.ca, grpcSocket, world.arrived);
  await outside.listen(50051, { kind: 'unix', path: grpcSocket });
  return {
    ...world,
    close: () => {
      stopGrpc();
      world.close();
    },
  };
}
