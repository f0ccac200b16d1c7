// GraphQL over HTTP: what a request would do, or the hash of the persisted query it asks for. Batches count as a whole.
// A body of the type application/graphql is refused like any other: servers disagree whether it is text or JSON.
import { createHash } from 'node:crypto';
import type { RequestHead } from '../decide/request-decision.ts';
import { bodyLimits } from './body-limits.ts';
import { type BodyRefusal, orRefusal, refuseBody, UnreadableBody } from './body-problem.ts';
import { asObject, badMember, checkMembers, checkSpelling, messagesOf, optionalString } from './check-members.ts';
import { type GraphQlOperation, readOperations } from './graphql-operations.ts';
import { JsonObject, type JsonValue } from './json-value.ts';
import { readQueryFields } from './query-fields.ts';
import { bodyWhereNoneBelongs, readJsonBody } from './readable-body.ts';
import { parseStrictJsonText } from './strict-json.ts';

export type GraphQlRead =
  | {
      readonly ok: true;
      /** All that stand in the request, named or not; empty beside `persistedHash`. */
      readonly operations: readonly GraphQlOperation[];
      /** Lower-case sha256 of a query sent without its text. */
      readonly persistedHash?: string;
    }
  | BodyRefusal;

const parameters = ['query', 'operationName', 'variables', 'extensions'];

/** Names under which one server or another takes a document, or a reference to one, from the target's query. */
const otherSources = ['id', 'documentId', 'document', 'docId', 'queryId', 'hash', 'sha256Hash', 'persistedQuery'];
const uploadSources = ['operations', 'map', 'method'];

const hashPattern = /^[0-9a-f]{64}$/;

/** `body` is the whole body, undefined or empty where the request has none. */
export function readGraphQl(head: RequestHead, body: Buffer | undefined): GraphQlRead {
  return orRefusal((): GraphQlRead => {
    const query = readQueryFields(head.target, [...parameters, ...otherSources, ...uploadSources]);
    if (!query.ok) return query;
    if (head.method === 'GET') return bodyWhereNoneBelongs(head, body) ?? readGet(query.fields);
    if (head.method !== 'POST') return refuseBody('Method', 'GraphQL is sent by GET or POST.');
    if (query.fields.size > 0)
      return refuseBody('AmbiguousQuery', 'A POST may not carry parts of a GraphQL request in its target.');
    const json = readJsonBody(head, body);
    return json.ok ? readBatch(json.value) : json;
  });
}

interface Parameters {
  readonly query: string | undefined;
  readonly operationName: string | undefined;
  readonly extensions: JsonObject | undefined;
}

function readGet(fields: ReadonlyMap<string, string>): GraphQlRead {
  if ([...fields.keys()].some(name => !parameters.includes(name)))
    return refuseBody('AmbiguousQuery', `A GET may carry ${parameters.join(', ')} of GraphQL and nothing alike.`);
  const text = fields.get('extensions');
  const extensions = text === undefined ? undefined : parseStrictJsonText(text);
  if (extensions?.ok === false) return extensions;
  return readParameters({
    query: fields.get('query'),
    operationName: fields.get('operationName'),
    extensions: extensions === undefined ? undefined : asObject(extensions.value, 'extensions'),
  });
}

function readBatch(value: JsonValue): GraphQlRead {
  const reads = messagesOf(value, bodyLimits.maxBatch).map(message => readParameters(parametersOf(message)));
  const [first] = reads;
  if (reads.length === 1 && first !== undefined) return first;
  if (reads.some(read => read.persistedHash !== undefined))
    return refuseBody('PersistedInBatch', 'A persisted query without its text may not be one of a batch.');
  return { ok: true, operations: reads.flatMap(read => read.operations) };
}

function parametersOf(message: JsonObject): Parameters {
  checkMembers(message, parameters);
  const variables = message.get('variables') ?? undefined;
  // Some servers parse variables sent as a string: harmless, but not what the members' types say.
  if (variables !== undefined && !(variables instanceof JsonObject)) throw badMember('variables must be an object.');
  const extensions = message.get('extensions') ?? undefined;
  return {
    query: optionalString(message, 'query'),
    operationName: optionalString(message, 'operationName'),
    extensions: extensions === undefined ? undefined : asObject(extensions, 'extensions'),
  };
}

function readParameters({ query, operationName, extensions }: Parameters): Extract<GraphQlRead, { ok: true }> {
  const hash = extensions === undefined ? undefined : persistedHashOf(extensions);
  if (query === undefined) {
    if (hash === undefined) throw badMember('query is missing.');
    return { ok: true, operations: [], persistedHash: hash };
  }
  if (hash !== undefined && createHash('sha256').update(query).digest('hex') !== hash)
    throw new UnreadableBody('HashMismatch', "The persisted query's hash is not that of the query beside it.");
  // An empty name is none to some servers; with several operations both readings are refused.
  return { ok: true, operations: readOperations(query, operationName === '' ? undefined : operationName) };
}

function persistedHashOf(extensions: JsonObject): string | undefined {
  checkSpelling(extensions, ['persistedQuery']);
  const value = extensions.get('persistedQuery') ?? undefined;
  if (value === undefined) return undefined;
  const persisted = asObject(value, 'extensions.persistedQuery');
  checkMembers(persisted, ['version', 'sha256Hash']);
  const hash = persisted.get('sha256Hash');
  if (typeof hash === 'string' && hashPattern.test(hash)) return hash;
  throw badMember('extensions.persistedQuery.sha256Hash must be 64 lower-case hexadecimal digits.');
}
