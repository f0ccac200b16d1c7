import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { OperationName, Operations } from '../control-protocol.ts';

/** One question to the process of an outside world. */
export async function callOutside<K extends OperationName>(
  socketPath: string,
  operation: K,
  args: Operations[K]['args'],
): Promise<Operations[K]['result']> {
  const call = request({ socketPath, method: 'POST', path: `/${operation}`, agent: false });
  call.end(JSON.stringify(args));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`outside world: ${operation}: ${body}`);
  // Both ends are of one tree, so the type holds by construction.
  return JSON.parse(body) as Operations[K]['result'];
}
