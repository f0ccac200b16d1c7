// An MCP server of the official SDK over streamable HTTP, with sessions: one tool that adds, one that deletes.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';
import type { HostServer } from './world.ts';

/** Tells the name of every tool that was called. */
export function createMcpServer(called: (tool: string) => void): HostServer {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const openSession = async () => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: id => void sessions.set(id, transport),
    });
    await createTools(called).connect(transport);
    return transport;
  };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const known = sessions.get(String(request.headers['mcp-session-id']));
    await (known ?? (await openSession())).handleRequest(request, response);
  };
  return {
    onlyHttp1: true,
    answer: (request, response) => {
      serve(request, response).catch(() => response.destroy());
    },
  };
}

function createTools(called: (tool: string) => void): McpServer {
  const server = new McpServer({ name: 'test', version: '1.0.0' });
  const note = (name: string, text: string) => {
    called(name);
    return { content: [{ type: 'text' as const, text }] };
  };
  server.registerTool('add', { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) =>
    note('add', `sum ${a + b}`),
  );
  server.registerTool('delete_all', {}, () => note('delete_all', 'gone'));
  return server;
}
