// A person may allow it: the agent gets an answer that names the request, over TLS with a leaf made for that purpose.
import { hostText } from '../../engine/canonical/host.ts';
import type { DenyBody } from '../http/deny-response.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import type { Asked } from '../session/denial-reports.ts';
import { terminateTls } from '../tls/terminate-tls.ts';
import { answerRefusal } from './answer-refusal.ts';
import { askedWords, notHeldWords } from './asked-words.ts';
import type { ConnectionContext } from './connection-context.ts';
import type { Target, Verdict } from './decide-target.ts';
import { isSameServer, sniffProtocol } from './sniff-protocol.ts';

const firstBytesMs = 2500;

/** Closes the connection after the answer, where the protocol has one; otherwise resets it. */
export async function refuseAskable(
  captured: Captured,
  target: Target,
  verdict: Extract<Verdict, { kind: 'Ask' }>,
  { asked, isNotHeld }: { readonly asked: Promise<Asked>; readonly isNotHeld: boolean },
  context: ConnectionContext,
): Promise<void> {
  const { socket } = captured;
  const host = hostText(target.host);
  const [answer, sniffed] = await Promise.all([asked, sniffProtocol(socket, firstBytesMs)]);
  context.audit.record({
    decision: 'Ask',
    reason: answer.standing?.verdict ?? (isNotHeld ? 'TooManyHeld' : verdict.ask.reason),
    host,
    port: target.port,
    revision: context.policy.revisionText,
    ...(verdict.identity === undefined ? {} : { binary: verdict.identity.path }),
    ...(answer.approval === undefined ? {} : { approval: answer.approval }),
  });
  const body = denyBody(target, verdict, answer, isNotHeld ? context.holds.max : undefined);
  if (sniffed.kind === 'HTTP') return await answerRefusal(socket, body, 80);
  const isNamed = sniffed.kind === 'TLS' && isSameServer(sniffed.serverName, target.host);
  if (!isNamed || !context.admitRefusal()) return void socket.resetAndDestroy();
  const plain = await terminateTls(socket, await context.leaves.contextFor(host));
  if (plain !== undefined) await answerRefusal(plain, body, 443);
}

function denyBody(
  { host, port }: Target,
  { ask, identity }: Extract<Verdict, { kind: 'Ask' }>,
  asked: Asked,
  tooManyHeld: number | undefined,
): DenyBody {
  const name = hostText(host);
  const detail = `No policy lists ${name}:${port}, and no person has approved it.`;
  const words = askedWords(asked, { error: ask.reason, detail });
  return {
    ...(tooManyHeld === undefined ? words : notHeldWords(words, tooManyHeld)),
    host: name,
    port,
    ...(identity === undefined ? {} : { binary: identity.path }),
  };
}
