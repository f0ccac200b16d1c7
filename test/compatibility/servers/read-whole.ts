import type { IncomingMessage } from 'node:http';

/** The body as text. */
export async function readWhole(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
