// One request through the same two functions that the sidecar asks.
import { hostText, parseHost } from '../../engine/canonical/host.ts';
import { decideRequest } from '../../engine/decide/decide-request.ts';
import { createDecider } from '../../engine/decide/decider.ts';
import type { Binary, Decision } from '../../engine/decide/decision.ts';
import type { RequestDecision } from '../../engine/decide/request-decision.ts';
import type { CompiledPolicy, Grants } from '../../protocol/snapshot.ts';
import { UserError } from '../user-error.ts';

export interface RequestQuestion {
  readonly host: string;
  readonly port: number;
  readonly method?: string | undefined;
  /** With its query. */
  readonly path?: string | undefined;
  readonly binary?: string | undefined;
}

export interface Evaluation {
  readonly verdict: 'Allow' | 'Deny' | 'Ask';
  readonly reason?: string;
  /** Rule or approval that decided. */
  readonly id?: string;
  readonly mode?: 'Enforce' | 'Audit';
  /** How an allowed connection may be used. */
  readonly protocol?: string;
  /** The connection is allowed; each request inside is decided alone, and none was asked about, or its body decides. */
  readonly open?: 'NoRequest' | 'Body';
  /** Rules of this host name binaries, and none was given. */
  readonly needsBinary?: true;
}

export function evaluateRequest(
  policy: CompiledPolicy,
  grants: Grants,
  question: RequestQuestion,
  nowMs: number,
): Evaluation {
  const host = parseHost(question.host);
  if (host.kind === 'invalid')
    throw new UserError(`${JSON.stringify(question.host)} is no host (${host.problem}); write it like api.github.com`);
  const decider = createDecider(policy, grants, () => nowMs);
  const target = { host, port: question.port };
  const asked = decider.decide(
    question.binary === undefined
      ? target
      : { ...target, binary: binaryOf(question.binary, grants, hostText(host), question.port) },
  );
  if (asked.verdict === 'NeedsBinary') {
    const blind = decider.decide({ ...target, binary: { kind: 'unknown' } });
    return { ...ofConnection(blind, question), needsBinary: true };
  }
  return ofConnection(asked, question);
}

/** A grant for a binary is for its hash too; here the path stands for it. */
function binaryOf(path: string, grants: Grants, host: string, port: number): Binary {
  const grant = grants.items.find(item => item.host === host && item.port === port && item.binary?.path === path);
  return { kind: 'known', path, sha256: grant?.binary?.sha256 ?? '' };
}

function ofConnection(decision: Decision, question: RequestQuestion): Evaluation {
  if (decision.verdict === 'NeedsBinary') return { verdict: 'Deny', reason: 'NeedsBinary' };
  if (decision.verdict !== 'Allow') {
    const { verdict, reason } = decision;
    return { verdict, reason, ...('id' in decision && decision.id !== undefined ? { id: decision.id } : {}) };
  }
  const { id, mode, protocol, inspected } = decision;
  const connection: Evaluation = { verdict: 'Allow', id, mode, protocol };
  if (inspected === undefined) return connection;
  if (question.method === undefined && question.path === undefined) return { ...connection, open: 'NoRequest' };
  const head = { method: question.method ?? 'GET', target: question.path ?? '/', isWebSocket: false };
  return ofRequest(decideRequest(inspected, head), connection);
}

function ofRequest(decision: RequestDecision, connection: Evaluation): Evaluation {
  if (decision.verdict === 'NeedsBody') return { ...connection, open: 'Body' };
  if (decision.verdict === 'Allow') return { verdict: 'Allow', id: decision.id, mode: decision.mode, protocol: 'HTTP' };
  const { verdict, reason } = decision;
  return { verdict, reason, ...('id' in decision && decision.id !== undefined ? { id: decision.id } : {}) };
}
