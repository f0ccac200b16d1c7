import type { Duplex } from 'node:stream';
import { ByteReader } from '../http/byte-reader.ts';
import { endGently } from '../http/connection-end.ts';
import { type DenyBody, denyResponse } from '../http/deny-response.ts';
import { wantsText } from '../http/deny-text.ts';
import { defaultHttpLimits } from '../http/http-limits.ts';
import { parseRequestHead } from '../http/parse-request-head.ts';
import { readHead } from '../http/read-head.ts';
import { writeBytes } from '../http/write-bytes.ts';

const headMs = 5000;

/** Reads one request, answers it with the refusal and ends the connection. */
export async function answerRefusal(client: Duplex, body: DenyBody, defaultPort: number): Promise<void> {
  client.on('error', () => client.destroy());
  const reader = new ByteReader(client);
  const read = await readHead(reader, headMs, { ...defaultHttpLimits, headMs });
  const parsed = read.ok ? parseRequestHead(read.bytes, defaultPort, defaultHttpLimits) : undefined;
  const request =
    parsed?.ok === true ? { method: parsed.head.method, path: parsed.head.target.split('?', 1)[0] ?? '' } : {};
  const asText = parsed?.ok === true && wantsText(parsed.head.fields);
  await writeBytes(client, denyResponse({ ...body, ...request }, { headOnly: request.method === 'HEAD', asText }));
  await endGently(client, reader);
  client.destroy();
}
