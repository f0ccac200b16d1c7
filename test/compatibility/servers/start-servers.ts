// Every server that the clients need.
import { join } from 'node:path';
import type { Outside } from '../../outside/client/outside.ts';
import { assistantServer } from './assistant-server.ts';
import { createChatServer } from './chat-server.ts';
import { createGitServer } from './git-server.ts';
import { startGrpcServer } from './grpc-server.ts';
import { hello } from './hello.ts';
import { llmServer } from './llm-server.ts';
import { createMcpServer } from './mcp-server.ts';
import { createNpmRegistry } from './npm-registry.ts';
import { createPostgresServer } from './postgres-server.ts';
import { createPythonIndex } from './python-index.ts';
import { createRedisServer } from './redis-server.ts';
import { createSshServer } from './ssh-server.ts';
import { startWorld, type World } from './world.ts';

/** `folder` is for what they serve. */
export async function startServers(outside: Outside, folder: string): Promise<World> {
  const world = await startWorld(outside, {
    'api.test': hello,
    'git.test': await createGitServer(folder),
    'packages.test': await createNpmRegistry(folder, 'packages.test'),
    'index.test': await createPythonIndex(folder),
    'chat.test': createChatServer(),
    'llm.test': llmServer,
    'assistant.test': assistantServer,
    'mcp.test': createMcpServer(tool => world.arrived.push(`tool ${tool}`)),
  });
  await world.open(22, createSshServer(world.arrived), 'ssh');
  await world.open(5432, createPostgresServer(world.arrived), 'postgres');
  await world.open(6379, createRedisServer(world.arrived), 'redis');
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
