// Why a target cannot be decided on, in a sentence for the agent.
import type { TargetProblem } from '../../canonical/request-target.ts';

export const targetProblems: Readonly<Record<TargetProblem | 'BadQuery', string>> = {
  NotOriginForm: 'The target must be a path, starting with a slash.',
  TooLong: 'The path is longer than 32768 characters.',
  TooManySegments: 'The path has more than 512 segments.',
  Fragment: 'The target holds a #; send it as %23.',
  DotSegment: 'The path holds a dot segment; send it resolved.',
  Backslash: 'The path holds a backslash.',
  Nul: 'The path holds a NUL.',
  Control: 'The path holds a blank or a control character.',
  NonAscii: 'The path holds bytes outside ASCII; send them percent-encoded.',
  BadEscape: 'The path holds a % without two hexadecimal digits.',
  BadUtf8: 'The path, decoded, is not UTF-8.',
  DoubleEscape: 'The path is percent-encoded twice.',
  BadQuery: 'The query cannot be read with certainty: bad escapes, bytes that are not UTF-8, or too much of it.',
};
