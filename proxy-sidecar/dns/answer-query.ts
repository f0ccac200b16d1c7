// What a question inside the sandbox gets: an address that means the name, or nothing. Nobody outside is asked.
import { parseHost } from '../../engine/canonical/host.ts';
import { isPlausibleName } from '../../engine/canonical/plausible-name.ts';
import { inferenceHost } from '../../protocol/constants.ts';
import {
  type Answer,
  encodeFailure,
  encodeName,
  encodeResponse,
  parseQuery,
  type Query,
  rcodes,
  types,
} from './dns-message.ts';
import type { SyntheticNames } from './synthetic-names.ts';

export interface DnsContext {
  readonly names: SyntheticNames;
  /** Does a rule or a live grant speak of this canonical name? */
  readonly knowsName: (name: string) => boolean;
  /** Is it known, but only because a wildcard covers it? */
  readonly isWild: (name: string) => boolean;
  /** Asked for each new name that only a wildcard covers. */
  readonly admitNew: (name: string) => boolean;
}

const ttlSeconds = 30;

/** The answer's bytes; undefined where there is nothing to answer to. */
export function answerQuery(message: Buffer, context: DnsContext): Buffer | undefined {
  const parsed = parseQuery(message);
  if (!parsed.ok) return parsed.id === undefined ? undefined : encodeFailure(parsed.id, parsed.rcode);
  const { query } = parsed;
  switch (query.type) {
    case types.PTR:
      return answerPointer(query, context);
    case types.A:
    case types.AAAA:
    case types.HTTPS:
    case types.SVCB:
      return answerName(query, context);
    default:
      return encodeResponse(query, rcodes.Refused);
  }
}

function answerName(query: Query, { names, knowsName, isWild, admitNew }: DnsContext): Buffer {
  // On this wire names are in A-labels. Other bytes would be read as letters they do not mean, each at the price of a conversion.
  const host = /^[\x21-\x7e]*$/.test(query.name) ? parseHost(query.name) : { kind: 'invalid' as const };
  if (host.kind !== 'name') return encodeResponse(query, rcodes.NxDomain);
  const isNamed = host.name === inferenceHost || isPlausibleName(host.name) || knowsName(host.name);
  if (!isNamed) return encodeResponse(query, rcodes.NxDomain);
  // No such records: clients then take the A record. An HTTPS record could hand out keys for an encrypted server name.
  if (query.type !== types.A) return encodeResponse(query, rcodes.NoError);
  const isSpelling = !names.has(host.name) && isWild(host.name);
  const address = isSpelling && !admitNew(host.name) ? undefined : names.addressOf(host.name);
  if (address === undefined) return encodeResponse(query, rcodes.ServFail);
  return encodeResponse(query, rcodes.NoError, [
    { type: types.A, ttlSeconds, data: Buffer.from(address.split('.').map(Number)) },
  ]);
}

function answerPointer(query: Query, { names }: DnsContext): Buffer {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/i.exec(query.name);
  const name = match === null ? undefined : names.nameOf(match.slice(1, 5).toReversed().join('.'));
  if (name === undefined) return encodeResponse(query, rcodes.NxDomain);
  const answer: Answer = { type: types.PTR, ttlSeconds, data: encodeName(name) };
  return encodeResponse(query, rcodes.NoError, [answer]);
}
