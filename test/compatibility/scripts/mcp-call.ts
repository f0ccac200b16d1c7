// The agent's program: node mcp-call.mjs TOOL ARGUMENTS
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [, , name = '', args = '{}'] = process.argv;
const client = new Client({ name: 'agent', version: '1.0.0' });
const transport = new StreamableHTTPClientTransport(new URL('https://mcp.test/mcp'));
try {
  await client.connect(transport);
  const { tools } = await client.listTools();
  console.log(`tools ${tools.map(tool => tool.name).join(' ')}`);
  const result = await client.callTool({ name, arguments: JSON.parse(args) as Record<string, unknown> });
  console.log(`result ${JSON.stringify(result.content)}`);
} catch (error) {
  console.log(`error ${String(error)}`);
  process.exitCode = 1;
} finally {
  await transport.terminateSession();
  await client.close();
}
