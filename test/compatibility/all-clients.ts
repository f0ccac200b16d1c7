import type { Client, Place } from './client.ts';
import { chromium } from './clients/chromium.ts';
import { curlClient } from './clients/curl.ts';
import { gitClient } from './clients/git.ts';
import { grpcClient } from './clients/grpc.ts';
import { goClient, javaClient, wgetClient } from './clients/http-clients.ts';
import { mcpClient } from './clients/mcp.ts';
import { nodeFetch } from './clients/node-fetch.ts';
import { nodeWebSocket } from './clients/node-websocket.ts';
import { npmClient } from './clients/npm.ts';
import { openaiClient } from './clients/openai.ts';
import { openclawWebFetch } from './clients/openclaw.ts';
import { pipClient } from './clients/pip.ts';
import { pythonRequests, pythonUrllib } from './clients/python.ts';
import { psqlClient, redisClient, sshClient } from './clients/tcp-clients.ts';
import { wsClient } from './clients/ws.ts';

export const allClients: readonly (readonly [title: string, of: (place: Place) => Client])[] = [
  ['curl over HTTP/1.1', () => curlClient('HTTP/1.1')],
  ['curl over HTTP/2', () => curlClient('HTTP/2')],
  ['git', gitClient],
  ['Node.js fetch', nodeFetch],
  ['Python requests', () => pythonRequests],
  ['Python urllib', () => pythonUrllib],
  ['Go', goClient],
  ['Java', javaClient],
  ['wget', wgetClient],
  ['npm', npmClient],
  ['pip', pipClient],
  ['gRPC', grpcClient],
  ['ws', wsClient],
  ['WebSocket of Node.js', nodeWebSocket],
  ['MCP', mcpClient],
  ['openai', openaiClient],
  ['OpenClaw', openclawWebFetch],
  ['ssh', () => sshClient],
  ['psql', () => psqlClient],
  ['redis-cli', () => redisClient],
  ['Chromium', chromium],
];
