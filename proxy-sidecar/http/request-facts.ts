import type { RequestHead as RequestFacts } from '../../engine/decide/request-decision.ts';
import { acceptUpgrade } from '../websocket/accept-upgrade.ts';
import { valuesOf } from './header-fields.ts';
import type { RequestHead } from './parse-request-head.ts';

/** What policy sees of an admitted request. Fields given several times stand there as one list, which no body reader takes. */
export function requestFacts({ method, target, version, framing, fields }: RequestHead): RequestFacts {
  const types = valuesOf(fields, 'content-type');
  const encodings = valuesOf(fields, 'content-encoding');
  return {
    method,
    target,
    isWebSocket: acceptUpgrade({ method, version, hasBody: framing.kind !== 'None', fields }).ok,
    ...(types.length === 0 ? {} : { contentType: types.join(', ') }),
    ...(encodings.length === 0 ? {} : { contentEncoding: encodings.join(', ') }),
  };
}
