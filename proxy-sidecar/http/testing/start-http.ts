// serveHttp on loopback as a test sees it: clients connect to it, and a gate keeps what it saw.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Permit } from '../../../engine/decide/permit.ts';
import type { RequestHead } from '../../../engine/decide/request-decision.ts';
import type { GateRecord, GateVerdict } from '../../connection/request-gate.ts';
import { listening } from '../../testing/listening.ts';
import type { MessageBudget } from '../../websocket/web-socket-relay.ts';
import type { HeaderField } from '../header-fields.ts';
import { defaultHttpLimits, type HttpLimits } from '../http-limits.ts';
import { serveHttp } from '../serve-http.ts';

export interface StartHttp {
  /** Of loopback. */
  readonly upstreamPort: number;
  /** Default: permits everything and sets no field. */
  readonly decide?: (head: RequestHead, body?: Buffer) => GateVerdict;
  /** What the agent connected to; default good.example. */
  readonly host?: string;
  readonly limits?: Partial<HttpLimits>;
  readonly budget?: MessageBudget;
  /** Waited for on every dial. */
  readonly beforeDial?: (() => Promise<void>) | undefined;
}

export interface StartedHttp {
  readonly port: number;
  readonly facts: RequestHead[];
  readonly records: (GateRecord & { readonly method: string })[];
  /** Of requests in flight: what policy would call. */
  readonly watching: Set<() => void>;
  readonly dials: () => number;
  /** Every connection so far, until its end. */
  readonly served: () => Promise<unknown>;
  /** Ends what is under way, as a policy change or the sidecar's own end would. */
  readonly end: () => void;
  readonly close: () => void;
}

export async function startHttp(start: StartHttp): Promise<StartedHttp> {
  const { host = 'good.example', decide = () => permitted() } = start;
  const facts: RequestHead[] = [];
  const records: StartedHttp['records'] = [];
  const watching = new Set<() => void>();
  const serving: Promise<void>[] = [];
  const end = new AbortController();
  let dials = 0;
  const gate = {
    host,
    port: 80,
    defaultPort: 80,
    decide: async (head: RequestHead, body?: Buffer) => {
      facts.push(head);
      return decide(head, body);
    },
    watch: (_head: RequestHead, _body: Buffer | undefined, close: () => void) => {
      watching.add(close);
      return () => watching.delete(close);
    },
    record: (head: RequestHead, record: GateRecord) => records.push({ ...record, method: head.method }),
  };
  const dial = async () => {
    dials++;
    await start.beforeDial?.();
    const stream = connect(start.upstreamPort, '127.0.0.1');
    await once(stream, 'connect');
    return { ok: true, stream } as const;
  };
  const limits = { ...defaultHttpLimits, ...start.limits };
  const budget = start.budget === undefined ? {} : { budget: start.budget };
  const server = createServer({ allowHalfOpen: true }, client => {
    serving.push(serveHttp(client, { gate, dial, limits, ...budget, signal: end.signal }));
  });
  const port = await listening(server);
  const close = () => {
    end.abort();
    server.close();
  };
  const served = () => Promise.all(serving);
  return { port, facts, records, watching, dials: () => dials, served, end: () => end.abort(), close };
}

/** By a rule for the tests' own upstream; `text`: of a WebSocket's messages. */
export function permitted(setFields: readonly HeaderField[] = [], text?: readonly string[]): GateVerdict {
  const allow = { by: 'Rule', id: 'r', protocol: 'HTTP', mode: 'Enforce' };
  const permit = { verdict: 'Permit', host: 'good.example', port: 80, addresses: ['127.0.0.1'], allow };
  return { verdict: 'Permit', permit: permit as unknown as Permit, setFields, ...(text === undefined ? {} : { text }) };
}
