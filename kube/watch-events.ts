// The bytes of a watch into events: one JSON object a line.
import type { WatchEvent } from '../engine/watch/watch-state.ts';
import { readFailure } from './read-failure.ts';
import type { KubeObject } from './types.ts';

interface RawEvent<T extends KubeObject> {
  readonly type: string;
  readonly object: T;
}

/** Feed it chunks; it gives the events that are whole. Throws SyntaxError on what no API server sends. */
export class WatchEventDecoder<T extends KubeObject> {
  #decoder = new TextDecoder();
  #rest = '';

  push(chunk: Uint8Array): readonly WatchEvent<T>[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter(line => line !== '').map(line => readEvent(JSON.parse(line) as RawEvent<T>));
  }
}

function readEvent<T extends KubeObject>({ type, object }: RawEvent<T>): WatchEvent<T> {
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object };
    case 'BOOKMARK':
      return { type, resourceVersion: object.metadata.resourceVersion ?? '' };
    case 'ERROR':
      return { type, failure: readFailure(500, object) };
    default:
      return {
        type: 'ERROR',
        failure: { status: 500, reason: 'UnknownEvent', message: `a watch event of type ${type}` },
      };
  }
}
