// A corporate proxy by CONNECT (RFC 9110, 9.3.6). It resolves the name: what it dials is its owner's to bound, not ours.
import type { Socket } from 'node:net';
import type { Permit } from '../../engine/decide/permit.ts';
import type { UpstreamProxy } from '../../protocol/snapshot.ts';
import { ByteReader } from '../http/byte-reader.ts';
import { headerField } from '../http/header-fields.ts';
import { defaultHttpLimits } from '../http/http-limits.ts';
import { readResponseHead } from '../http/read-response-head.ts';
import { serializeRequestHead } from '../http/serialize-head.ts';
import { writeBytes } from '../http/write-bytes.ts';
import { type DialOutcome, dialPermit } from './dial-permit.ts';

const answerMs = 15_000;
const noInterim = () => undefined;

/** `toProxy` leads to the proxy itself; `target` is what it is asked for, by name or by the first pinned address. */
export async function dialThroughProxy(
  target: { readonly host: string; readonly port: number },
  toProxy: Permit,
  { authorization }: Pick<UpstreamProxy, 'authorization'>,
  signal: AbortSignal,
): Promise<DialOutcome> {
  const dialled = await dialPermit(toProxy, signal);
  if (!dialled.ok) return { ...dialled, message: `the upstream proxy does not answer: ${dialled.message}` };
  const { socket, address } = dialled;
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  const problem = await connectTo(socket, target, authorization);
  signal.removeEventListener('abort', abort);
  if (problem === undefined && !socket.destroyed) return { ok: true, socket, address };
  socket.destroy();
  return signal.aborted
    ? { ok: false, reason: 'Aborted', message: 'no longer wanted' }
    : { ok: false, reason: 'Unreachable', message: `the upstream proxy: ${problem ?? 'closed the connection'}` };
}

async function connectTo(
  socket: Socket,
  { host, port }: { readonly host: string; readonly port: number },
  authorization: string | undefined,
): Promise<string | undefined> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const fields = [headerField('Host', authority)];
  if (authorization !== undefined) fields.push(headerField('Proxy-Authorization', authorization));
  const reader = new ByteReader(socket);
  await writeBytes(socket, serializeRequestHead('CONNECT', authority, fields));
  const limits = { ...defaultHttpLimits, idleMs: answerMs, headMs: answerMs };
  const answer = await readResponseHead(reader, 'CONNECT', limits, noInterim);
  const rest = reader.release();
  if (!answer.ok) return answer.problem;
  const { status } = answer.head;
  if (status < 200 || status > 299) return `answers ${status} to CONNECT ${authority}`;
  // A server that speaks first may already have spoken.
  if (rest.length > 0) socket.unshift(rest);
  return undefined;
}
