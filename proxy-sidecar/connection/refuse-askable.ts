// A person may allow it: the agent gets an answer that names the request, over TLS with a leaf made for that purpose.
import type { Duplex } from 'node:stream';
import { hostText } from '../../engine/canonical/host.ts';
import { ByteReader } from '../http/byte-reader.ts';
import { type DenyBody, denyResponse } from '../http/deny-response.ts';
import { defaultHttpLimits } from '../http/http-limits.ts';
import { parseRequestHead } from '../http/parse-request-head.ts';
import { readHead } from '../http/read-head.ts';
import { writeBytes } from '../http/write-bytes.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import type { Asked } from '../session/denial-reports.ts';
import { terminateTls } from '../tls/terminate-tls.ts';
import type { ConnectionContext } from './connection-context.ts';
import type { Target, Verdict } from './decide-target.ts';
import { isSameServer, sniffProtocol } from './sniff-protocol.ts';

const firstBytesMs = 5000;
const lingerMs = 1000;

/** Closes the connection after the answer, where the protocol has one; otherwise resets it. */
export async function refuseAskable(
  captured: Captured,
  target: Target,
  verdict: Extract<Verdict, { kind: 'Ask' }>,
  asked: Promise<Asked>,
  context: ConnectionContext,
): Promise<void> {
  const { socket } = captured;
  const host = hostText(target.host);
  const answer = await asked;
  context.audit.record({
    decision: 'Ask',
    reason: verdict.ask.reason,
    host,
    port: target.port,
    revision: context.policy.revisionText,
    ...(verdict.identity === undefined ? {} : { binary: verdict.identity.path }),
    ...(answer.approval === undefined ? {} : { approval: answer.approval }),
  });
  const sniffed = await sniffProtocol(socket, firstBytesMs);
  if (sniffed.kind === 'HTTP') return await answerHttp(socket, target, verdict, answer, 80);
  const isNamed = sniffed.kind === 'TLS' && isSameServer(sniffed.serverName, target.host);
  if (!isNamed || !context.admitRefusal()) return void socket.resetAndDestroy();
  const plain = await terminateTls(socket, await context.leaves.contextFor(host));
  if (plain !== undefined) await answerHttp(plain, target, verdict, answer, 443);
}

async function answerHttp(
  client: Duplex,
  target: Target,
  verdict: Extract<Verdict, { kind: 'Ask' }>,
  asked: Asked,
  defaultPort: number,
): Promise<void> {
  client.on('error', () => client.destroy());
  const reader = new ByteReader(client);
  const read = await readHead(reader, firstBytesMs, defaultHttpLimits);
  const parsed = read.ok ? parseRequestHead(read.bytes, defaultPort, defaultHttpLimits) : undefined;
  const request =
    parsed?.ok === true ? { method: parsed.head.method, path: parsed.head.target.split('?', 1)[0] ?? '' } : {};
  const body: DenyBody = { ...denyBody(target, verdict, asked), ...request };
  await writeBytes(client, denyResponse(body, { headOnly: parsed?.ok === true && parsed.head.method === 'HEAD' }));
  client.end();
  reader.discardRest();
  const timer = setTimeout(() => client.destroy(), lingerMs);
  client.once('close', () => clearTimeout(timer));
}

function denyBody(
  { host, port }: Target,
  { ask, identity }: Extract<Verdict, { kind: 'Ask' }>,
  { approval, reason }: Asked,
): DenyBody {
  const name = hostText(host);
  return {
    error: ask.reason,
    detail: reason ?? `No policy lists ${name}:${port}, and no person has approved it.`,
    host: name,
    port,
    ...(identity === undefined ? {} : { binary: identity.path }),
    ...(approval === undefined ? {} : { approval }),
    next:
      approval === undefined
        ? 'Try again later, or do without this host.'
        : `Ask the person who runs this sandbox to decide on ${approval}, then try again.`,
  };
}
