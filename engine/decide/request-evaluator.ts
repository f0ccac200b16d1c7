// One request through the same two functions that the sidecar asks: what spec.tests, explain and diff show.
import type { CompiledPolicy, Grants } from '../../protocol/snapshot.ts';
import { hostText, parseHost } from '../canonical/host.ts';
import { decideRequest } from './decide-request.ts';
import { createDecider } from './decider.ts';
import type { Binary, Decision } from './decision.ts';
import type { RequestDecision } from './request-decision.ts';

/** Without method and path it is about the connection alone. */
export interface RequestQuestion {
  readonly host: string;
  readonly port: number;
  readonly method?: string | undefined;
  /** With its query. */
  readonly path?: string | undefined;
  readonly binary?: string | undefined;
  readonly isWebSocket?: boolean;
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

type Evaluator = (question: RequestQuestion) => Evaluation;

export function createEvaluator(policy: CompiledPolicy, grants: Grants, nowMs: number): Evaluator {
  const decider = createDecider(policy, grants, () => nowMs);
  return question => {
    const host = parseHost(question.host);
    if (host.kind === 'invalid') return { verdict: 'Deny', reason: `NoHost: ${host.problem}` };
    const target = { host, port: question.port };
    if (question.binary !== undefined) {
      const binary = binaryOf(question.binary, grants, hostText(host), question.port);
      return ofConnection(decider.decide({ ...target, binary }), question);
    }
    const asked = decider.decide(target);
    if (asked.verdict !== 'NeedsBinary') return ofConnection(asked, question);
    const blind = decider.decide({ ...target, binary: { kind: 'unknown' } });
    return { ...ofConnection(blind, question), needsBinary: true };
  };
}

/** A grant for a binary is for its hash too; here the path stands for it. */
function binaryOf(path: string, grants: Grants, host: string, port: number): Binary {
  const grant = grants.items.find(item => item.host === host && item.port === port && item.binary?.path === path);
  return { kind: 'known', path, sha256: grant?.binary?.sha256 ?? '' };
}

function ofConnection(decision: Decision, question: RequestQuestion): Evaluation {
  if (decision.verdict === 'NeedsBinary') return { verdict: 'Deny', reason: 'NeedsBinary' };
  if (decision.verdict !== 'Allow') return refusal(decision);
  const { id, mode, protocol, inspected } = decision;
  const connection: Evaluation = { verdict: 'Allow', id, mode, protocol };
  if (inspected === undefined) return connection;
  const { method, path, isWebSocket = false } = question;
  if (method === undefined && path === undefined) return { ...connection, open: 'NoRequest' };
  return ofRequest(decideRequest(inspected, { method: method ?? 'GET', target: path ?? '/', isWebSocket }), connection);
}

function ofRequest(decision: RequestDecision, connection: Evaluation): Evaluation {
  if (decision.verdict === 'NeedsBody') return { ...connection, open: 'Body' };
  if (decision.verdict === 'Allow') return { verdict: 'Allow', id: decision.id, mode: decision.mode, protocol: 'HTTP' };
  return refusal(decision);
}

function refusal({ verdict, reason, id }: Evaluation & { readonly reason: string }): Evaluation {
  return { verdict, reason, ...(id === undefined ? {} : { id }) };
}
