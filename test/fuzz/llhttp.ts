// Node's own HTTP parser, driven directly: an independent opinion on heads. It is not public; a test holds that it is there.

import { METHODS } from 'node:http';
import { createRequire } from 'node:module';

interface Parser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void;
  execute(bytes: Buffer): number | Error;
  close(): void;
  [event: number]: ((...args: never[]) => number | undefined) | undefined;
}
interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
}

export interface LlhttpHead {
  readonly version: string;
  readonly method: string | undefined;
  readonly target: string | undefined;
  readonly status: number | undefined;
  /** Names and values in turn, as they came. */
  readonly fields: readonly string[];
}

const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: ParserClass;
  methods: readonly string[];
};

/** undefined where it refuses the bytes or finds no whole head in them. */
export function readByLlhttp(bytes: Buffer, kind: 'request' | 'response'): LlhttpHead | undefined {
  const parser = new HTTPParser();
  parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, 1 << 20, 0);
  const early: string[] = [];
  let target: string | undefined;
  let head: LlhttpHead | undefined;
  // Beyond 32 fields they come in portions before the head is complete.
  parser[HTTPParser.kOnHeaders] = (fields: string[], url: string) => {
    early.push(...fields);
    target ??= url;
    return undefined;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    major: number,
    minor: number,
    fields: string[] | undefined,
    method: number | undefined,
    url: string | undefined,
    status: number | undefined,
  ) => {
    head = {
      version: `${major}.${minor}`,
      method: method === undefined ? undefined : methods[method],
      target: url ?? target,
      status,
      fields: [...early, ...(fields ?? [])],
    };
    return 0;
  };
  const result = parser.execute(bytes);
  parser.close();
  return typeof result === 'number' ? head : undefined;
}

/** Others we let pass under `Full`, and llhttp does not know them. */
export const llhttpMethods: ReadonlySet<string> = new Set(METHODS);
