import { wantsClientCertificate } from '../upstream/wants-client-certificate.ts';
import type { ByteReader } from './byte-reader.ts';
import type { HttpLimits } from './http-limits.ts';
import { type ParsedResponseHead, parseResponseHead, type ResponseHead } from './parse-response-head.ts';
import { readHead } from './read-head.ts';

/** The final response's head. Interim ones before it are handed over, few of them: a flood of 1xx is no answer. */
export async function readResponseHead(
  reader: ByteReader,
  method: string,
  limits: HttpLimits,
  onInterim: (head: ResponseHead) => Promise<unknown> | undefined,
): Promise<ParsedResponseHead> {
  for (let interim = 0; interim <= limits.maxInterimResponses; interim++) {
    const read = await readHead(reader, limits.idleMs, limits);
    if (!read.ok) {
      if (reader.failure !== undefined && wantsClientCertificate(reader.failure))
        return { ok: false, problem: 'ClientCertificateWanted' };
      if (read.problem === 'Closed') return { ok: false, problem: reader.isEnded ? 'Truncated' : 'Timeout' };
      return { ok: false, problem: read.problem };
    }
    const parsed = parseResponseHead(read.bytes, method, limits);
    if (!parsed.ok || parsed.head.status >= 200) return parsed;
    await onInterim(parsed.head);
  }
  return { ok: false, problem: 'TooManyInterim' };
}
