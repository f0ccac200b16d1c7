// Every way a call can fail before or instead of the model's own answer, with its status and words.
import { jsonResponse } from '../http/deny-response.ts';

export type InferenceProblem =
  | 'NotInference'
  | 'MethodNotAllowed'
  | 'WrongDialect'
  | 'NoRoute'
  | 'BodyTooLarge'
  | 'TooManyBodies'
  | 'EncodedBody'
  | 'BadBody'
  | 'BadEndpoint'
  | 'UpstreamUnreachable'
  | 'UpstreamTimeout'
  | 'UpstreamRefusedKey'
  | 'UpstreamRedirect'
  | 'BadUpstream';

/** `retry`: the same call may well succeed a little later. */
const table: Readonly<Record<InferenceProblem, { status: number; retry: boolean; message: string }>> = {
  NotInference: { status: 403, retry: false, message: 'This host serves model calls only' },
  MethodNotAllowed: { status: 405, retry: false, message: 'This path is not called with this method' },
  WrongDialect: { status: 400, retry: false, message: "The sandbox's inference profile speaks another dialect" },
  NoRoute: { status: 503, retry: false, message: 'The sandbox has no inference route' },
  BodyTooLarge: { status: 413, retry: false, message: "The request is larger than the profile's maxRequestBytes" },
  TooManyBodies: { status: 503, retry: true, message: 'Too many large requests at once in this sandbox' },
  EncodedBody: { status: 415, retry: false, message: 'The request must be plain JSON without a content-encoding' },
  BadBody: { status: 400, retry: false, message: 'The request is no JSON object with one model' },
  BadEndpoint: { status: 503, retry: false, message: "The inference profile's endpoint cannot be used" },
  UpstreamUnreachable: { status: 502, retry: true, message: 'The model server could not be reached' },
  UpstreamTimeout: {
    status: 504,
    retry: true,
    message: "The model server did not answer within the profile's timeout",
  },
  UpstreamRefusedKey: {
    status: 502,
    retry: false,
    message: "The model server refused the inference profile's credential; its owner must check the Secret",
  },
  UpstreamRedirect: { status: 502, retry: false, message: 'The model server redirects, which is never followed' },
  BadUpstream: { status: 502, retry: true, message: "The model server's answer was malformed" },
};

export function statusOfProblem(problem: InferenceProblem): number {
  return table[problem].status;
}

/** In the shape OpenAI's clients show to people. `detail` holds no word of the upstream's. */
export function problemResponse(problem: InferenceProblem, detail: string | undefined, keepAlive: boolean): Buffer {
  const { status, retry, message } = table[problem];
  const text = detail === undefined ? `${message}.` : `${message}: ${detail}.`;
  const error = { message: text, type: 'creel_error', code: problem, param: null };
  return jsonResponse(status, { error }, { keepAlive, decision: problem, shouldRetry: retry });
}
