// Nobody can be asked: plain HTTP gets the reason, everything else is reset.
import { hostText } from '../../engine/canonical/host.ts';
import type { DenyReason } from '../../engine/decide/decision.ts';
import type { Captured } from '../listen/start-transparent-listener.ts';
import { answerRefusal } from './answer-refusal.ts';
import type { ConnectionContext } from './connection-context.ts';
import type { Target, Verdict } from './decide-target.ts';
import { sniffProtocol } from './sniff-protocol.ts';

const firstBytesMs = 2000;

const details: Readonly<Record<DenyReason, string>> = {
  Frozen: 'A cluster administrator has frozen this sandbox.',
  NoPolicy: 'This sandbox has no policy in force.',
  DenyRule: 'A rule denies it.',
  NeverReachable: 'No policy and nobody can allow this address.',
  ImplausibleName: 'No such name can exist in public, and no policy lists it.',
  NotListed: 'No policy lists it.',
  NoUsableAddress: 'It leads to no address that may be used.',
};

export async function refuseDenied(
  { socket }: Captured,
  { host, port }: Target,
  { deny, identity }: Extract<Verdict, { kind: 'Deny' }>,
  { audit, policy }: ConnectionContext,
): Promise<void> {
  const binary = identity === undefined ? {} : { binary: identity.path };
  const name = hostText(host);
  audit.record({
    decision: 'Deny',
    reason: deny.reason,
    host: name,
    port,
    revision: policy.revisionText,
    ...(deny.id === undefined ? {} : { rule: deny.id }),
    ...binary,
  });
  const sniffed = await sniffProtocol(socket, firstBytesMs);
  if (sniffed.kind !== 'HTTP') return void socket.resetAndDestroy();
  const detail = details[deny.reason];
  await answerRefusal(socket, { error: deny.reason, detail, host: name, port, ...binary }, 80);
}
