// Whether a body can be read at all: its type says JSON, nothing is packed around it. Then as strict JSON.
import type { RequestHead } from '../decide/request-decision.ts';
import { type BodyRefusal, refuseBody } from './body-problem.ts';
import { type ParsedJson, parseStrictJson } from './strict-json.ts';

/** One media type, and no parameter but the charset that JSON has anyway. */
const jsonTypePattern = /^application\/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*(?:utf-8|"utf-8"|utf8)[ \t]*)?;?$/i;

/** `body` is whole; its size was the reader's to bound. */
export function readJsonBody(head: RequestHead, body: Buffer | undefined): ParsedJson {
  if (body === undefined || body.length === 0) return refuseBody('NoBody', 'The request needs a JSON body.');
  return wrappingProblem(head) ?? parseStrictJson(body);
}

/** A method without a body, sent with one, is read by some servers and not by others. */
export function bodyWhereNoneBelongs(head: RequestHead, body: Buffer | undefined): BodyRefusal | undefined {
  if (body === undefined || body.length === 0) return undefined;
  return refuseBody('UnexpectedBody', `A ${head.method} request may not have a body here.`);
}

function wrappingProblem({ contentType, contentEncoding }: RequestHead): BodyRefusal | undefined {
  if (contentEncoding !== undefined && contentEncoding.trim().toLowerCase() !== 'identity')
    return refuseBody('EncodedBody', 'The body must be sent without Content-Encoding: policy reads it.');
  if (contentType === undefined || !jsonTypePattern.test(contentType.trim()))
    return refuseBody('ContentType', 'The body must be sent as Content-Type: application/json.');
  return undefined;
}
