import { allow } from '../../netns/snapshot-parts.ts';
import type { Client, Place } from '../client.ts';
import { packageVersion } from '../package-version.ts';

const rules = [allow(['mcp.test'], { protocol: 'MCP', inspection: { kind: 'MCP', path: '/mcp', tools: ['add'] } })];

export function mcpClient({ node, folder }: Place): Client {
  const call = (tool: string, args: object) => [node, `${folder}/mcp-call.mjs`, tool, JSON.stringify(args)];
  return {
    name: '@modelcontextprotocol/sdk',
    version: packageVersion('@modelcontextprotocol/sdk'),
    protocol: 'MCP, streamable HTTP',
    steps: [
      {
        what: 'session, list of tools, a listed tool',
        rules,
        command: call('add', { a: 1, b: 2 }),
        verdict: 'allowed',
        says: 'sum 3',
      },
      {
        what: 'another tool',
        rules,
        command: call('delete_all', {}),
        verdict: 'refused',
        says: 'RequestNotAllowed',
        unseen: 'tool delete_all',
      },
    ],
  };
}
