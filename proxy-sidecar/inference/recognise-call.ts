// Which calls are inference. An exact table: whatever is not in it is refused on an inference host.
import type { Route } from '../../protocol/snapshot.ts';

export type Dialect = Route['provider'];

export type RecognisedCall =
  | {
      readonly ok: true;
      /** Behind the endpoint's own version path: `/chat/completions`. */
      readonly path: string;
      readonly hasBody: boolean;
      /** Undefined: both speak it. */
      readonly dialect?: Dialect;
    }
  | { readonly ok: false; readonly problem: 'NotInference' | 'MethodNotAllowed' };

const posts: ReadonlyMap<string, Dialect> = new Map([
  ['/v1/chat/completions', 'OpenAI'],
  ['/v1/completions', 'OpenAI'],
  ['/v1/responses', 'OpenAI'],
  ['/v1/embeddings', 'OpenAI'],
  ['/v1/messages', 'Anthropic'],
]);

/** A model's name as path segments: nothing encoded but the slash; no empty and no dot segment, however the slash is written. */
const modelPath = /^\/v1\/models(\/[A-Za-z0-9](?:[A-Za-z0-9._:@+-]|(?:\/|%2[Ff])(?!\.{0,2}(?:\/|%2[Ff]|$)))*)?$/;

/** The query is dropped: keys travel there. What Anthropic's clients mark beta with is kept. */
export function recogniseCall(method: string, target: string): RecognisedCall {
  const [path = '', query = ''] = target.split('?', 2);
  const dialect = posts.get(path);
  if (dialect === undefined && !modelPath.test(path)) return { ok: false, problem: 'NotInference' };
  if (method !== (dialect === undefined ? 'GET' : 'POST')) return { ok: false, problem: 'MethodNotAllowed' };
  const suffix = path.slice('/v1'.length);
  if (dialect === undefined) return { ok: true, path: suffix, hasBody: false };
  const isBeta = dialect === 'Anthropic' && query === 'beta=true';
  return { ok: true, path: isBeta ? `${suffix}?beta=true` : suffix, hasBody: true, dialect };
}
