// Why a body that a rule must read cannot be read the one way every server reads it. Names are constant: logs carry them.
export type BodyProblem =
  // the wrapping
  | 'NoBody'
  | 'UnexpectedBody'
  | 'ContentType'
  | 'EncodedBody'
  | 'Method'
  | 'AmbiguousQuery'
  // JSON
  | 'Bom'
  | 'BadUtf8'
  | 'BadJson'
  | 'DuplicateKey'
  | 'LoneSurrogate'
  | 'TooDeep'
  // what the JSON says
  | 'NotAnObject'
  | 'AmbiguousKey'
  | 'UnknownMember'
  | 'BadMember'
  | 'EmptyBatch'
  | 'BatchTooLong'
  // GraphQL
  | 'BadDocument'
  | 'BadCharacter'
  | 'DuplicateName'
  | 'UnknownOperation'
  | 'UnknownFragment'
  | 'FragmentCycle'
  | 'TooManyTokens'
  | 'TooManyFields'
  | 'PersistedInBatch'
  | 'HashMismatch'
  // JSON-RPC and MCP
  | 'BadVersion'
  | 'BadMethodName'
  | 'BadToolName'
  | 'NotACall';

export interface BodyRefusal {
  readonly ok: false;
  readonly problem: BodyProblem;
  /** One sentence for the agent, without a byte of the body. */
  readonly detail: string;
}

export function refuseBody(problem: BodyProblem, detail: string): BodyRefusal {
  return { ok: false, problem, detail };
}

/** Inside a parser only; its one public function turns it into a refusal. */
export class UnreadableBody extends Error {
  readonly problem: BodyProblem;

  constructor(problem: BodyProblem, detail: string) {
    super(detail);
    this.name = 'UnreadableBody';
    this.problem = problem;
  }
}

/** Runs a parser; what it throws on purpose becomes a refusal, and nothing else is caught. */
export function orRefusal<T>(parse: () => T): T | BodyRefusal {
  try {
    return parse();
  } catch (error) {
    if (error instanceof UnreadableBody) return refuseBody(error.problem, error.message);
    throw error;
  }
}
